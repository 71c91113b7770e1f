// Right: os.CreateTemp makes a file of its own, and os.Link makes the lock of it or fails.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	lock := os.Args[1]
	file, err := os.CreateTemp(filepath.Dir(lock), "own-*")
	if err != nil {
		fmt.Println("error", err)
		return
	}
	file.Close()
	err = os.Link(file.Name(), lock)
	os.Remove(file.Name())
	if os.IsExist(err) {
		fmt.Println("busy")
		return
	}
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("acquired")
	bufio.NewReader(os.Stdin).ReadString('\n')
	os.Remove(lock)
	fmt.Println("released")
}
