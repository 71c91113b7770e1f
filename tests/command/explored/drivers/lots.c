// `lots LOCK`: right, but it looks at the lock first or does not, as a device of chance will have it that no tracer answers for.
// No execution can be followed again: whatever is said of it is said of a part.
#include "driver.h"

int main(int count, char **words) {
    const char *lock = words[count - 1];
    unsigned char lot = 0;
    struct stat seen;
    int chance = open("/dev/urandom", O_RDONLY);
    if (chance < 0 || read(chance, &lot, 1) != 1) fail("read");
    close(chance);
    for (; lot & 1; lot >>= 1) (void)stat(lock, &seen);
    int file = open(lock, O_CREAT | O_WRONLY | O_EXCL, 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(lock) != 0) fail("unlink");
    say("released\n");
}
