// safe: a vfork child takes flock of a shared description and ends; the parent still has it.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600), w, p = vfork();
    if (!p) _exit(flock(f, LOCK_EX | LOCK_NB) ? 1 : 0);
    waitpid(p, &w, 0);
    if (w) busy();
    hold();
    flock(f, LOCK_UN);
    release();
    return 0;
}
