// Right: flock without waiting, of the system calls that Go has; the file stays.
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
)

func main() {
	file, err := os.OpenFile(os.Args[1], os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == syscall.EWOULDBLOCK {
		fmt.Println("busy")
		return
	} else if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("acquired")
	bufio.NewReader(os.Stdin).ReadString('\n')
	file.Close()
	fmt.Println("released")
}
