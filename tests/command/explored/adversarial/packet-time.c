// broken: a lock older than 5 s is stale, and now is the time that the kernel gives to a packet.
#include "adversarial.h"
int main(int c, char **v) {
    struct stat s;
    begin(c, v);
    if (mkdir(lock_path, 0700)) {
        sleep(8);
        int p[2], on = 1;
        char byte = 0, control[256];
        struct iovec part = {&byte, 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
        setsockopt(p[1], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
        send(p[0], "x", 1, 0), recvmsg(p[1], &message, 0);
        struct timeval *now = (struct timeval *)CMSG_DATA(CMSG_FIRSTHDR(&message));
        if (stat(lock_path, &s) || now->tv_sec - s.st_mtime <= 5) busy();
    }
    hold();
    rmdir(lock_path);
    release();
}
