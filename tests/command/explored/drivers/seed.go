// `seed create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Go. The lock is taken by a
// goroutine, on whatever thread the runtime gives it.
//
// create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
// both find nothing.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

func acquire(name, lock string) error {
	if name == "create-new" {
		file, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		return file.Close()
	}
	if _, err := os.Stat(lock); err == nil {
		return fs.ErrExist
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(lock, []byte("locked\n"), 0o644)
}

func main() {
	name, lock := os.Args[1], os.Args[2]
	taken := make(chan error)
	go func() { taken <- acquire(name, lock) }()
	switch err := <-taken; {
	case errors.Is(err, fs.ErrExist):
		fmt.Println("busy")
		return
	case err != nil:
		fmt.Println("error", err)
		return
	}
	fmt.Println("acquired")
	bufio.NewReader(os.Stdin).ReadString('\n')
	freed := make(chan error)
	go func() { freed <- os.Remove(lock) }()
	if err := <-freed; err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Println("error", err)
		return
	}
	fmt.Println("released")
}
