// broken: bind; if in use, connect to see whether somebody listens; if refused, unlink and bind again: a holder between bind and
// listen is taken for dead.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, 100, "%s", lock_path);
    int s = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(s, (void *)&a, sizeof a)) {
        if (!connect(t, (void *)&a, sizeof a)) busy();
        unlink(lock_path);
        if (bind(s, (void *)&a, sizeof a)) busy();
    }
    listen(s, 5);
    hold();
    unlink(lock_path);
    close(s);
    release();
    return 0;
}
