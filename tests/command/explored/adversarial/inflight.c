// safe: `inflight try|wait LOCK`: flock whose only descriptor is in flight in a socket pair of its own; closing the pair releases it.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int sv[2], f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (flock(f, strcmp(words[1], "wait") == 0 ? LOCK_EX : LOCK_EX | LOCK_NB)) busy();
    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    char b = 'x', c[CMSG_SPACE(4)] = {0};
    struct iovec v = {&b, 1};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof c};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(4);
    *(int *)CMSG_DATA(h) = f;
    if (sendmsg(sv[0], &m, 0) < 0) fail("sendmsg");
    close(f);
    hold();
    close(sv[0]);
    close(sv[1]);
    release();
    return 0;
}
