// safe: a token file that only one rename can take. The first (link of .made succeeds) owns it without taking; a release puts it
// in place by rename.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char m[4096];
    snprintf(m, 4096, "%s.%d", lock_path, getpid());
    int f = open(at(".made"), O_CREAT | O_EXCL, 0600);
    if (f >= 0) close(open(m, O_CREAT | O_WRONLY, 0600));
    else if (rename(at(".token"), m)) busy();
    hold();
    rename(m, at(".token"));
    release();
    return 0;
}
