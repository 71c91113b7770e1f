// Wrong: a lock that is gone when it is looked at is taken for stale, and removed; by then it may be there again. It takes three
// processes and four preemptions, more than a bounded search mostly goes to.
#include "driver.h"

int main(int count, char **words) {
    const char *lock = words[count - 1];
    for (int tries = 0; tries < 2; tries++) {
        struct stat seen;
        int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (file >= 0) {
            close(file);
            hold();
            unlink(lock);
            say("released\n");
            return 0;
        }
        if (errno != EEXIST) fail("open");
        if (stat(lock, &seen) == 0) busy();
        unlink(lock);
    }
    busy();
}
