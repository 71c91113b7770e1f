// broken: after 40 tries with growing pauses (1, 2, 3 ms …) it goes in without the lock.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int i;
    for (i = 0; i < 40; i++) {
        int f = open(lock_path, O_CREAT | O_EXCL, 0600);
        if (f >= 0) break;
        usleep(1000 * (i + 1));
    }
    hold();
    unlink(lock_path);
    release();
    return 0;
}
