// broken: look by openat2(RESOLVE_IN_ROOT) of an absolute path below the folder of the lock, then create by the usual path.
#include "adversarial.h"
#include <libgen.h>
struct how {
    uint64_t flags, mode, resolve;
};
int main(int count, char **words) {
    begin(count, words);
    char *d = strdup(lock_path), *b = strdup(lock_path);
    int dir = open(dirname(d), O_PATH | O_DIRECTORY);
    char p[256];
    snprintf(p, 256, "/%s", basename(b));
    step();
    struct how h = {O_RDONLY, 0, 0x10};
    int f = syscall(SYS_openat2, dir, p, &h, sizeof h);
    if (f >= 0) busy();
    if (errno != ENOENT) fail("openat2");
    f = open(lock_path, O_CREAT | O_WRONLY, 0600);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
