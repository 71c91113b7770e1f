// broken: getxattr, then setxattr without XATTR_CREATE.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_RDWR, 0600);
    char b[4];
    if (fgetxattr(f, "user.owner", b, 4) >= 0) busy();
    fsetxattr(f, "user.owner", "x", 1, 0);
    hold();
    fremovexattr(f, "user.owner");
    release();
    return 0;
}
