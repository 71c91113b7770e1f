// broken: SH, then EX|LOCK_NB. A failed upgrade has lost SH (flock is not atomic there), but the holder of EX that went back to
// SH goes on after a failed probe as if it still held SH.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (flock(f, LOCK_SH | LOCK_NB)) busy();
    if (flock(f, LOCK_EX | LOCK_NB)) busy();
    flock(f, LOCK_SH);
    flock(f, LOCK_EX | LOCK_NB); // If this fails it believes that it still has SH, so nobody can have EX.
    hold();
    flock(f, LOCK_UN);
    release();
    return 0;
}
