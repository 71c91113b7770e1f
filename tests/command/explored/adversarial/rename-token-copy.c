// broken: as rename-token, but the token is taken by link and then unlink of the old name: two can link before either unlinks.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char m[4096];
    snprintf(m, 4096, "%s.%d", lock_path, getpid());
    int f = open(at(".made"), O_CREAT | O_EXCL, 0600);
    if (f >= 0) close(open(at(".token"), O_CREAT | O_WRONLY, 0600));
    if (link(at(".token"), m)) busy();
    unlink(at(".token"));
    hold();
    rename(m, at(".token"));
    release();
    return 0;
}
