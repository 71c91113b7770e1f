// A driver to copy: it takes the path of a lock, tries once to acquire it, and prints the result.
// The lock is a file: O_CREATE | O_EXCL creates it or fails, in one system call.
// Build it first: `go build -o my-lock examples/driver.go`.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

func main() {
	lock := os.Args[1]
	file, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		fmt.Println("busy")
		return
	}
	if err != nil {
		fmt.Println("error", err)
		return
	}
	file.Close()
	fmt.Println("acquired")
	bufio.NewReader(os.Stdin).ReadString('\n') // `release`, or the end of the input.
	if err := os.Remove(lock); err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("released")
}
