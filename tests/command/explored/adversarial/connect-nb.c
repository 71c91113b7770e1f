// broken: two listeners' trick: role by mkdir. First: accepts once without waiting; nobody there: goes in. Second: connects
// without waiting (EINPROGRESS); it takes a made connection for a promise that the first gives way.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(40222), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (!mkdir(at(".role"), 0700)) {
        if (bind(s, (void *)&a, sizeof a)) fail("bind");
        listen(s, 5);
        mkdir(at(".up"), 0700);
        int c = accept4(s, 0, 0, SOCK_NONBLOCK);
        if (c >= 0) busy();
        hold();
        release();
    }
    if (access(at(".up"), F_OK)) busy();
    int r = connect(s, (void *)&a, sizeof a);
    if (r && errno != EINPROGRESS) busy();
    hold();
    release();
    return 0;
}
