// broken: flock of an eventfd locks the one inode of all anonymous files; look (lock, unlock), then lock again and ignore the
// result: two that look before either locks both hold.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    int e = eventfd(0, 0);
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
