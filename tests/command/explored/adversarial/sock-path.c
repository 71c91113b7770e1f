// safe: bind of a socket in the folder (EADDRINUSE for others), unlinked by the holder only.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, 100, "%s", lock_path);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(s, (void *)&a, sizeof a)) busy();
    hold();
    unlink(lock_path);
    close(s);
    release();
    return 0;
}
