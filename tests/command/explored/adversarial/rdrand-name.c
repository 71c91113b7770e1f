// safe: a name from the instruction rdtsc (as rdrand), then link: atomic.
#include "adversarial.h"
#include <x86intrin.h>
int main(int count, char **words) {
    begin(count, words);
    char t[4096];
    snprintf(t, 4096, "%s.%llx", lock_path, __rdtsc());
    close(open(t, O_CREAT | O_EXCL | O_WRONLY, 0600));
    int r = link(t, lock_path);
    unlink(t);
    if (r) busy();
    hold();
    unlink(lock_path);
    release();
    return 0;
}
