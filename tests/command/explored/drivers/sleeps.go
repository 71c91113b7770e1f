// Wrong even in turn: looks whether the file is there, sleeps, and takes a file that is there for stale.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

func main() {
	lock := os.Args[1]
	_, err := os.Stat(lock)
	time.Sleep(100 * time.Millisecond)
	if err == nil {
		os.Remove(lock)
	}
	file, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Println("busy")
		return
	}
	file.Close()
	fmt.Println("acquired")
	bufio.NewReader(os.Stdin).ReadString('\n')
	os.Remove(lock)
	fmt.Println("released")
}
