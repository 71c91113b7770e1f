// safe: the same, blocking.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    int e = eventfd(0, 0);
    if (flock(e, LOCK_EX)) busy();
    hold();
    flock(e, LOCK_UN);
    release();
    return 0;
}
