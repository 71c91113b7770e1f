import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** `Channel (lock|file) LOCK`: right, by FileChannel.tryLock, or by Files.createFile. */
class Channel {
    public static void main(String[] words) throws Exception {
        Path lock = Path.of(words[1]);
        FileChannel channel = null;
        try {
            if (words[0].equals("lock")) {
                channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.tryLock();
                if (held == null) {
                    System.out.println("busy");
                    return;
                }
            } else {
                Files.createFile(lock);
            }
        } catch (FileAlreadyExistsException busy) {
            System.out.println("busy");
            return;
        }
        System.out.println("acquired");
        System.in.read();
        if (channel != null) channel.close();
        else Files.delete(lock);
        System.out.println("released");
    }
}
