// Two readers that both wait for the write lock: the kernel refuses the last with EDEADLK (fs/locks.c, posix_locks_deadlock).
// open broken: any error is taken for a file system without locks: it closes the file, which frees its read lock, and goes on;
// the other one gets the write lock.
// right safe: it gives up, and the other one gets the write lock.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    struct flock l = {.l_type = F_RDLCK};
    if (fcntl(f, F_SETLK, &l)) busy();
    l.l_type = F_WRLCK;
    if (fcntl(f, F_SETLKW, &l)) {
        if (!strcmp(words[1], "right")) busy();
        close(f);
    }
    hold();
    close(f);
    release();
    return 0;
}
