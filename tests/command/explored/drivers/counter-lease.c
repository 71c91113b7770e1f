// `counter-lease LOCK`: wrong. It takes a lock for stale when the counter of the processor has advanced far enough since it was
// first seen: a holder may just be slow. It reads the counter without a system call, and sleeps in between.
#include "driver.h"
#include <time.h>

static uint64_t counter(void) {
#if defined __x86_64__
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
#endif
}

int main(int count, char **words) {
    const char *lock = words[count - 1];
    uint64_t began = counter();
    for (;;) {
        int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
        if (file >= 0) break;
        if (errno != EEXIST) fail("open");
        // Some milliseconds on any machine.
        if (counter() - began > 50000000) break;
        usleep(100000);
    }
    hold();
    unlink(lock);
    say("released\n");
}
