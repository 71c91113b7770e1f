# broken: blocking flock with an alarm of 2 s; a time-out is taken for success.
use Fcntl ':flock'; $| = 1; open(my $f, '+>>', $ARGV[0]) or die; eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 2; flock($f, LOCK_EX); alarm 0 };
print "acquired\n"; <STDIN>; flock($f, LOCK_UN); print "released\n";
