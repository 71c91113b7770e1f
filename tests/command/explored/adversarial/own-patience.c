// broken: one contender waits for ever, and another one takes a lock by force that is held for this number of tries.
#include "adversarial.h"
int main(int count, char **words) {
    lock_path = words[count - 1];
    int most = getpid() / 10000 % 2 ? atoi(words[1]) : INT_MAX;
    struct timespec moment = {0, 10000000};
    for (int tries = 0; mkdir(lock_path, 0700) && tries < most; tries++) nanosleep(&moment, NULL);
    hold();
    rmdir(lock_path);
    release();
}
