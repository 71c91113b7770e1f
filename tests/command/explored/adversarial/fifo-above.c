// broken: a named pipe in the directory above that of the lock: a byte in it means taken; looks (FIONREAD), then writes.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char path[4096], byte;
    int waiting = 0;
    strcpy(path, lock_path);
    *strrchr(path, '/') = 0;
    strcpy(strrchr(path, '/'), "/onewinner-test.pipe");
    mkfifo(path, 0600);
    int f = open(path, O_RDWR | O_NONBLOCK);
    if (f < 0) fail("open");
    ioctl(f, FIONREAD, &waiting);
    if (waiting) busy();
    write(f, "x", 1);
    hold();
    read(f, &byte, 1);
    close(f);
    release();
    return 0;
}
