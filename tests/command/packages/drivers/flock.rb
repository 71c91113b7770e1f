# `flock.rb (try|timeout|file) LOCK`: File#flock of Ruby, without waiting or under Timeout, whose thread is a timer; or File::EXCL.
require 'timeout'

$stdout.sync = true
kind, lock = ARGV
begin
  case kind
  when 'file'
    File.open(lock, File::WRONLY | File::CREAT | File::EXCL).close
  when 'try'
    file = File.open(lock, File::RDWR | File::CREAT)
    raise Errno::EEXIST unless file.flock(File::LOCK_EX | File::LOCK_NB)
  when 'timeout'
    file = File.open(lock, File::RDWR | File::CREAT)
    Timeout.timeout(2) { file.flock(File::LOCK_EX) }
  end
rescue Errno::EEXIST, Timeout::Error
  puts 'busy'
  exit
end
puts 'acquired'
$stdin.gets
if kind == 'file' then File.unlink(lock) else file.flock(File::LOCK_UN) end
puts 'released'
