// safe: O_EXCL; the other branch needs a clock that moves by less than 1 s while a thread sleeps for 2 s, which is joined.
#include "adversarial.h"
static void *w(void *u){(void)u; struct timespec t={2,0}; while(clock_nanosleep(CLOCK_MONOTONIC,0,&t,&t)){} return 0;}
static double mono(void){struct timespec t; clock_gettime(CLOCK_MONOTONIC,&t); return t.tv_sec+t.tv_nsec/1e9;}
int main(int c,char**v){ begin(c,v);
 double a=mono(); pthread_t t; pthread_create(&t,0,w,0); pthread_join(t,0); double b=mono();
 int fd=open(lock_path,O_CREAT|O_EXCL|O_WRONLY,0600);
 if(fd<0 && b-a>=1) busy();
 hold(); unlink(lock_path); release(); }
