// Wrong: the handler that removes the lock at the exit is installed before the lock is taken. A loser that has answered `busy`
// removes the holder's lock when it exits, and the next one gets in.
#include "driver.h"

static const char *lock;

static void clean_up(void) {
    unlink(lock);
}

int main(int count, char **words) {
    lock = words[count - 1];
    atexit(clean_up);
    int file = open(lock, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    unlink(lock);
    say("released\n");
}
