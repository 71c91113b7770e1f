// `looks HOW LOCK`. Wrong in every way: it looks whether another process holds the lock, then holds it all the same. HOW names
// the part of the kernel through which it looks and shows that it holds. A tracer must see both, or report that it cannot.
#include "driver.h"
#include <dirent.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <linux/openat2.h>

static const char *lock; // As it was given.
static char folder[PATH_MAX]; // Its directory.
static char beside[PATH_MAX + 16]; // Another name beside it.
static int at = AT_FDCWD; // A descriptor of the directory, where it is asked for.
static int file = -1; // One of the lock's file, where that is always there.
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t length;

static void make(const char *name) {
    close(openat(at, name, O_CREAT | O_WRONLY, 0644));
}

static void always(void) {
    file = open(lock, O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
}

static struct stat status(void) {
    struct stat now = {0};
    if (fstat(file, &now) != 0) fail("fstat");
    return now;
}

static int relative_seen(void) { return chdir(folder) == 0 && access("lock", F_OK) == 0; }
static void relative_tell(void) { make("lock"); }

static int dirfd_seen(void) {
    at = open(folder, O_PATH | O_DIRECTORY);
    return faccessat(at, "lock", F_OK, 0) == 0;
}
static void dirfd_tell(void) { make("lock"); }

static int openat2_seen(void) {
    struct open_how how = {.flags = O_PATH};
    return syscall(SYS_openat2, AT_FDCWD, lock, &how, sizeof how) >= 0;
}
static void openat2_tell(void) {
    struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 0644};
    if (syscall(SYS_openat2, AT_FDCWD, lock, &how, sizeof how) < 0) fail("openat2");
}

static int self_seen(void) {
    snprintf(beside, sizeof beside, "/proc/self/fd/%d/lock", open(folder, O_RDONLY | O_DIRECTORY));
    return access(beside, F_OK) == 0;
}
static void self_tell(void) { make(beside); }

static int content_seen(void) {
    char first;
    always();
    return read(file, &first, 1) == 1;
}
static void content_tell(void) { (void)!pwrite(file, "x", 1, 0); }

static int mapped_seen(void) {
    always();
    if (ftruncate(file, 1) != 0) fail("ftruncate");
    const char *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) fail("mmap");
    return *page == 'x';
}

static int size_seen(void) { always(); return status().st_size != 0; }
static void size_tell(void) { (void)!ftruncate(file, 1); }
static void allocate_tell(void) { (void)!fallocate(file, 0, 0, 1); }
static void copy_tell(void) {
    int own = memfd_create("own", 0);
    (void)!write(own, "x", 1);
    off_t start = 0;
    if (sendfile(file, own, &start, 1) != 1) fail("sendfile");
}

static int mode_seen(void) { always(); return status().st_mode & S_IXUSR; }
static void mode_tell(void) { fchmod(file, 0744); }

static int time_seen(void) { always(); return status().st_mtime == 1; }
static void time_tell(void) {
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    futimens(file, times);
}

static int attribute_seen(void) {
    char value;
    always();
    return fgetxattr(file, "user.held", &value, 1) == 1;
}
static void attribute_tell(void) {
    if (fsetxattr(file, "user.held", "x", 1, 0) != 0) fail("fsetxattr");
}

static int links_seen(void) { always(); return status().st_nlink > 1; }
static void links_tell(void) { link(lock, beside); }

static int listing_seen(void) {
    DIR *all = opendir(folder);
    int names = 0;
    while (all && readdir(all)) names++;
    return names > 2;
}
static void listing_tell(void) { make(beside); }

static int moved_seen(void) {
    make(beside);
    return access(lock, F_OK) == 0;
}
static void moved_tell(void) { rename(beside, lock); }

static int directory_seen(void) { return access(lock, F_OK) == 0; }
static void directory_tell(void) { mkdir(lock, 0755); }

static int pointer_seen(void) {
    char target[8];
    return readlink(lock, target, sizeof target) > 0;
}
static void pointer_tell(void) { symlink("me", lock); }

static int probed_seen(void) {
    always();
    if (flock(file, LOCK_EX | LOCK_NB) != 0) return 1;
    flock(file, LOCK_UN);
    return 0;
}
static void probed_tell(void) { flock(file, LOCK_SH | LOCK_NB); }

static struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static int asked_seen(void) {
    struct flock asked = whole;
    always();
    return fcntl(file, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}
static void asked_tell(void) { fcntl(file, F_OFD_SETLK, &whole); }

static int connected(void) {
    return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, length) == 0;
}
static void bound(void) {
    int own = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(own, (struct sockaddr *)&address, length) == 0) listen(own, 1);
}
static int socket_seen(void) {
    snprintf(address.sun_path, sizeof address.sun_path, "%s", lock);
    length = sizeof address;
    if (connected()) return 1;
    unlink(lock);
    return 0;
}
static int abstract_seen(void) {
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", lock);
    length = sizeof address;
    return connected();
}

static int semaphores(void) {
    unsigned key = 2166136261u; // FNV-1a.
    for (const char *letter = lock; *letter; letter++) key = (key ^ (unsigned char)*letter) * 16777619u;
    int set = semget((key_t)key, 1, IPC_CREAT | 0600);
    if (set < 0) fail("semget");
    return set;
}
static int semaphore_seen(void) { return semctl(semaphores(), 0, GETVAL) != 0; }
static void semaphore_tell(void) { semctl(semaphores(), 0, SETVAL, 1); }

static int called_seen(void) {
    char name[64], path[64];
    DIR *all = opendir("/proc");
    for (struct dirent *each; all && (each = readdir(all));) {
        snprintf(path, sizeof path, "/proc/%.20s/comm", each->d_name);
        int comm = atoi(each->d_name) > 0 ? open(path, O_RDONLY) : -1;
        ssize_t got = comm < 0 ? 0 : read(comm, name, sizeof name - 1);
        if (comm >= 0) close(comm);
        if (got > 0 && strncmp(name, "holder-of-lock", 14) == 0) return 1;
    }
    return 0;
}
static void called_tell(void) { prctl(PR_SET_NAME, "holder-of-lock"); }

static const struct {
    const char *how;
    int (*seen)(void);
    void (*tell)(void);
} ways[] = {
    {"relative", relative_seen, relative_tell},
    {"dirfd", dirfd_seen, dirfd_tell},
    {"openat2", openat2_seen, openat2_tell},
    {"self", self_seen, self_tell},
    {"content", content_seen, content_tell},
    {"mapped", mapped_seen, content_tell},
    {"size", size_seen, size_tell},
    {"allocate", size_seen, allocate_tell},
    {"copy", size_seen, copy_tell},
    {"mode", mode_seen, mode_tell},
    {"time", time_seen, time_tell},
    {"attribute", attribute_seen, attribute_tell},
    {"links", links_seen, links_tell},
    {"listing", listing_seen, listing_tell},
    {"moved", moved_seen, moved_tell},
    {"directory", directory_seen, directory_tell},
    {"pointer", pointer_seen, pointer_tell},
    {"probed", probed_seen, probed_tell},
    {"asked", asked_seen, asked_tell},
    {"socket", socket_seen, bound},
    {"abstract", abstract_seen, bound},
    {"semaphore", semaphore_seen, semaphore_tell},
    {"called", called_seen, called_tell},
};

int main(int count, char **words) {
    lock = words[count - 1];
    snprintf(folder, sizeof folder, "%s", lock);
    *strrchr(folder, '/') = 0;
    snprintf(beside, sizeof beside, "%s/by-%d", folder, getpid());
    for (unsigned each = 0; each < sizeof ways / sizeof *ways; each++) {
        if (strcmp(ways[each].how, words[1]) != 0) continue;
        if (ways[each].seen()) busy();
        ways[each].tell();
        hold();
        if (ways[each].tell == semaphore_tell) semctl(semaphores(), 0, IPC_RMID); // It would outlive us.
        say("released\n");
        return 0;
    }
    say("error there is no way %s\n", words[1]);
}
