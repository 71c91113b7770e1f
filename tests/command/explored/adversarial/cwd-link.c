// broken: the same with the working directory (/proc/self/cwd): the holder renames the folder after it took the lock; one that
// sees that its folder was renamed goes in.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char to[4096] = {0}, *d = at(".d"), *e = at(".e");
    if (!mkdir(d, 0700)) {
        mkdir(e, 0700);
        renameat2(AT_FDCWD, d, AT_FDCWD, e, RENAME_EXCHANGE);
        hold();
        release();
    }
    if (chdir(d)) busy();
    readlink("/proc/self/cwd", to, sizeof to - 1);
    if (strstr(to, ".e")) {
        hold();
        release();
    }
    busy();
    return 0;
}
