// `half-fix early|late LOCK`: a kernel lock on a file that is removed, whose name is looked up again after locking.
// With `late` it is right: the file is removed while it is locked. With `early` it is wrong: it is unlocked first, and the
// late removal hits the file of the next holder. That takes three processes and two preemptions.
#include "driver.h"

static int names(const char *lock, int file) {
    struct stat named, locked;
    if (fstat(file, &locked) != 0) fail("fstat");
    return stat(lock, &named) == 0 && named.st_dev == locked.st_dev && named.st_ino == locked.st_ino;
}

int main(int count, char **words) {
    int early = count == 3 && strcmp(words[1], "early") == 0;
    const char *lock = words[2];
    int file;
    for (;;) {
        file = open(lock, O_CREAT | O_RDWR, 0644);
        if (file < 0) fail("open");
        if (flock(file, LOCK_EX | LOCK_NB) != 0) busy();
        if (names(lock, file)) break;
        close(file);
    }
    hold();
    if (early) flock(file, LOCK_UN);
    if (unlink(lock) != 0 && errno != ENOENT) fail("unlink");
    close(file);
    say("released\n");
}
