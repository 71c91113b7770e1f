// `random-look LOCK`: right, but it looks at the lock a random number of times first. The number comes from the processor, from its
// generator or else from its counter, and no tracer replaces it: it is read without a system call, and the instruction does not stop
// the program. So no execution can be repeated, and each verdict covers a part of the schedules. It is read after a first look,
// because copies of a contender share what was read before.
#include "driver.h"

static unsigned long long drawn(void) {
    unsigned long long bits;
#if defined __x86_64__
    unsigned char done;
    if (!__builtin_cpu_supports("rdrnd")) fail("rdrand");
    do {
        __asm__ volatile("rdrand %0; setc %1" : "=r"(bits), "=qm"(done));
    } while (!done);
#else
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(bits));
#endif
    return bits;
}

int main(int count, char **words) {
    const char *lock = words[count - 1];
    struct stat seen;
    (void)stat(lock, &seen);
    // Each bit of the product depends on all lower bits of a counter, whatever its step. An execution that is tried again hardly
    // draws the same number.
    int looks = (int)((drawn() * 0x9e3779b97f4a7c15ull) >> 40) & 15;
    for (; looks > 0; looks--) (void)stat(lock, &seen);
    int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(lock) != 0) fail("unlink");
    say("released\n");
}
