// `own-token LOCK`: it writes a word that it drew at random into the lock, and takes a lock with its own word for its own. That is
// right: no other process draws the same word, and one that is dead does not either.
#include "driver.h"
#include <sys/random.h>

int main(int count, char **words) {
    const char *lock = words[count - 1];
    uint64_t own, there = 0;
    if (getrandom(&own, sizeof own, 0) != sizeof own) fail("getrandom");
    int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) {
        int other = open(lock, O_RDONLY);
        if (other < 0 || read(other, &there, sizeof there) != sizeof there || there != own) busy();
    } else if (file < 0) {
        fail("open");
    } else if (write(file, &own, sizeof own) != sizeof own) {
        fail("write");
    }
    hold();
    if (unlink(lock) != 0) fail("unlink");
    say("released\n");
}
