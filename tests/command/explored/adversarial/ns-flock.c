// broken: flock of /proc/self/ns/uts, one inode for all in the namespace; look, unlock, lock again ignoring the result.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    int e = open("/proc/self/ns/uts", O_RDONLY);
    if (e < 0) fail("open");
    if (flock(e, LOCK_EX | LOCK_NB)) busy();
    flock(e, LOCK_UN);
    flock(e, LOCK_EX | LOCK_NB);
    hold();
    step();
    flock(e, LOCK_UN);
    step();
    release();
    return 0;
}
