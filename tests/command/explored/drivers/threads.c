// `threads main|other LOCK`. Wrong within one process already: while one thread locks, another thread unlocks. The process
// says that it holds the lock, but does so only if the locking thread was last. Both threads belong to the process, so their order
// is no preemption of it. The first word names the thread that locks: for one of the two, the wrong order is not the default.
#include "driver.h"
#include <pthread.h>

static int file, locked;

static void *take(void *nothing) {
    locked = flock(file, LOCK_EX | LOCK_NB) == 0;
    return nothing;
}

static void *clean(void *nothing) {
    flock(file, LOCK_UN);
    return nothing;
}

int main(int count, char **words) {
    int here = count == 3 && strcmp(words[1], "main") == 0;
    pthread_t other;
    file = open(words[2], O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
    if (pthread_create(&other, NULL, here ? clean : take, NULL) != 0) fail("pthread_create");
    if (here) take(NULL);
    else clean(NULL);
    pthread_join(other, NULL);
    if (!locked) busy();
    hold();
    close(file);
    say("released\n");
}
