// safe: the second gives way always; it connects without waiting, and the first counts connections only for a log.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(40223), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), o = 1;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &o, 4);
    if (!bind(s, (void *)&a, sizeof a) && !listen(s, 5)) {
        hold();
        close(s);
        release();
    }
    close(s);
    busy();
    return 0;
}
