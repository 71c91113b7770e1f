// broken: flock of a pidfd of the common parent (one inode of pidfs for each process); look, unlock, lock again ignoring the
// result.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    int e = syscall(SYS_pidfd_open, getppid(), 0);
    if (e < 0) fail("pidfd_open");
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
