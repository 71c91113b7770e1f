// safe: setxattr with XATTR_CREATE succeeds for one only.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (fsetxattr(f, "user.owner", "x", 1, XATTR_CREATE)) {
        if (errno == EEXIST) busy();
        fail("setxattr");
    }
    hold();
    fremovexattr(f, "user.owner");
    release();
    return 0;
}
