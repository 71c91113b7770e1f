// `random-look LOCK`: right, but it looks at the lock a random number of times first. The number comes from /dev/urandom, and
// the tracer does not replace what that device returns. So no execution can be
// repeated, and each verdict covers a part of the schedules.
#include "driver.h"

int main(int count, char **words) {
    const char *lock = words[count - 1];
    unsigned char bits = 0;
    struct stat seen;
    int chance = open("/dev/urandom", O_RDONLY);
    if (chance < 0 || read(chance, &bits, 1) != 1) fail("read");
    close(chance);
    for (; bits & 1; bits >>= 1) (void)stat(lock, &seen);
    int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(lock) != 0) fail("unlink");
    say("released\n");
}
