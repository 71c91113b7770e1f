// broken: spins, and after 5000 tries the lock counts as stale.
#include "adversarial.h"
int main(int c, char **v) {
    begin(c, v);
    for (int i = 0; i < 5000 && open(lock_path, O_CREAT | O_EXCL, 0600) < 0; i++) sched_yield();
    hold();
    unlink(lock_path);
    release();
}
