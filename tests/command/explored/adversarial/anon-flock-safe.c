// safe: flock of an eventfd locks the one inode of all anonymous files, LOCK_NB: at most one holds.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    int e = eventfd(0, 0);
    if (flock(e, LOCK_EX | LOCK_NB)) busy();
    hold();
    flock(e, LOCK_UN);
    release();
    return 0;
}
