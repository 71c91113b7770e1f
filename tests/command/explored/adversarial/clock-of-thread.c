// broken: a lock is stolen when it is 10 s old, and its owner sleeps 20 s before it holds; a thread (`t`) reads the clock.
#include "adversarial.h"
static time_t now;
static void *w(void *u){(void)u; struct timespec t; clock_gettime(CLOCK_REALTIME,&t); now=t.tv_sec; return 0;}
int main(int c,char**v){ begin(c,v); step();
 if(v[1][0]=='t'){ pthread_t t; pthread_create(&t,0,w,0); pthread_join(t,0);} else w(0);
 int fd=open(lock_path,O_CREAT|O_EXCL|O_WRONLY,0600);
 if(fd<0){ struct stat s; if(stat(lock_path,&s)) busy();
  if(now-s.st_mtime<10) busy();
  unlink(lock_path);
  fd=open(lock_path,O_CREAT|O_EXCL|O_WRONLY,0600); if(fd<0) busy(); }
 else sleep(20);
 hold(); unlink(lock_path); release(); }
