// broken: the first in the queue takes a lock by force that is held for this number of tries, and all others wait for ever. The first
// may be overtaken between its ticket and its mkdir.
#include "adversarial.h"
int main(int count, char **words) {
    lock_path = words[count - 1];
    int most = atoi(words[1]), rank = 0;
    char suffix[32];
    for (;; rank++) {
        snprintf(suffix, sizeof suffix, ".ticket%d", rank);
        if (open(at(suffix), O_CREAT | O_EXCL, 0600) >= 0) break;
    }
    struct timespec moment = {0, 10000000};
    for (int tries = 0; mkdir(lock_path, 0700); tries++) {
        if (rank == 0 && tries >= most) break;
        nanosleep(&moment, NULL);
    }
    hold();
    rmdir(lock_path);
    release();
}
