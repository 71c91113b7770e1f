// broken only with 3 processes: two slots; a third that finds both marked removes the oldest as stale. A in slot 1 holds, B in
// slot 2 gives up late, C removes slot 1 and enters.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char *a = at(".1"), *b = at(".2");
    if (!mkdir(a, 0700)) {
        hold();
        rmdir(a);
        release();
    }
    if (!mkdir(b, 0700)) {
        step();
        rmdir(b);
        busy();
    }
    rmdir(a);
    if (mkdir(a, 0700)) busy();
    hold();
    rmdir(a);
    release();
    return 0;
}
