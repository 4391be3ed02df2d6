import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.*;
import org.apache.rocketmq.client.producer.*;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.admin.OffsetWrapper;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.*;
import org.apache.rocketmq.common.protocol.body.ClusterInfo;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * The stock mqadmin, many commands in one JVM, which saves a start of a JVM for each.
 *
 * usage: Mqadmin NAMESRV [CLUSTER]
 *
 * With a cluster it first makes the data and the live clients that the sweep looks at, and prints KEY=VALUE lines about
 * them. After READY every line of input is a command: limit in ms, lines after which an endless command has shown
 * enough, arguments, with tabs between them. The answer is one line: `ended` or `endless`, a tab, and the output in
 * base64. A command has ended, as its JVM would, when it has returned and left no thread that keeps a JVM alive.
 */
public class Mqadmin {
    /** Where a thread prints: what a command starts inherits its place. */
    static final InheritableThreadLocal<PrintStream> target = new InheritableThreadLocal<>();

    public static void main(String[] args) {
        PrintStream out = System.out;
        try {
            PrintStream shared = new PrintStream(new OutputStream() {
                @Override public void write(int b) { PrintStream to = target.get(); if (to != null) to.write(b); }
                @Override public void write(byte[] b, int off, int len) { PrintStream to = target.get(); if (to != null) to.write(b, off, len); }
                @Override public void flush() { PrintStream to = target.get(); if (to != null) to.flush(); }
            }, true);
            System.setOut(shared);
            System.setErr(shared);
            System.setProperty("rocketmq.client.logLevel", "WARN");
            if (args.length > 1) fill(args[0], args[1], out);
            out.println("READY");
            out.flush();
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split("\t", -1);
                out.println(run(Long.parseLong(words[0]), Integer.parseInt(words[1]), Arrays.copyOfRange(words, 2, words.length)));
                out.flush();
            }
        } catch (Throwable t) {
            t.printStackTrace(out);
            out.flush();
            Runtime.getRuntime().halt(1);
        }
        Runtime.getRuntime().halt(0);
    }

    static String run(long limitMs, int enoughLines, String[] args) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ThreadGroup group = new ThreadGroup("mqadmin");
        Thread thread = new Thread(group, () -> {
            target.set(new PrintStream(bytes, true));
            try {
                // Each call registers all commands once more, in a list that lives as long as the JVM.
                java.lang.reflect.Field list = MQAdminStartup.class.getDeclaredField("subCommandList");
                list.setAccessible(true);
                ((List<?>) list.get(null)).clear();
                MQAdminStartup.main0(args, null);
            } catch (Throwable t) { t.printStackTrace(); }
        });
        thread.start();
        long end = System.currentTimeMillis() + limitMs;
        boolean endless = enoughLines >= 0;
        while (System.currentTimeMillis() < end) {
            if (!thread.isAlive() && (!endless || !keepsJvm(group))) break;
            if (endless && enoughLines > 0 && lines(bytes) >= enoughLines) break;
            Thread.sleep(5);
        }
        boolean ended = !thread.isAlive() && (!endless || !keepsJvm(group));
        byte[] printed = bytes.toByteArray();
        if (thread.isAlive()) thread.interrupt();
        return (ended ? "ended" : "endless") + "\t" + Base64.getEncoder().encodeToString(printed);
    }

    static boolean keepsJvm(ThreadGroup group) {
        Thread[] threads = new Thread[256];
        int n = group.enumerate(threads, true);
        for (int i = 0; i < n; i++) if (threads[i].isAlive() && !threads[i].isDaemon()) return true;
        return false;
    }

    static int lines(ByteArrayOutputStream bytes) {
        int n = 0;
        for (byte b : bytes.toByteArray()) if (b == '\n') n++;
        return n;
    }

    /** Two topics of two queues, ten messages, a producer and a consumer that stay, a group that has gone. */
    static void fill(String namesrv, String cluster, PrintStream out) throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt(10000);
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName("sweep-ad");
        admin.start();
        ClusterInfo info = admin.examineBrokerClusterInfo();
        String name = new TreeSet<>(info.getClusterAddrTable().get(cluster)).first();
        String address = info.getBrokerAddrTable().get(name).getBrokerAddrs().get(0L);
        for (String topic : new String[]{"SweepTopic", "SweepOther"}) {
            TopicConfig config = new TopicConfig(topic);
            config.setReadQueueNums(2);
            config.setWriteQueueNums(2);
            admin.createAndUpdateTopicConfig(address, config);
        }
        for (int i = 0; i < 300; i++) {
            try { admin.examineTopicRouteInfo("SweepOther"); admin.examineTopicRouteInfo("SweepTopic"); break; }
            catch (Exception e) { Thread.sleep(100); }
        }
        DefaultMQProducer producer = new DefaultMQProducer("sweep_pg");
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName("sweep-p");
        producer.start();
        SendResult first = null;
        for (int i = 0; i < 10; i++) {
            int k = i;
            Message message = new Message("SweepTopic", i % 2 == 0 ? "TagA" : "TagB", "sweepkey" + i, ("sweep body " + i).getBytes(StandardCharsets.UTF_8));
            SendResult sent = producer.send(message, (queues, m, x) -> queues.get(k % queues.size()), null, 30000);
            if (first == null) first = sent;
        }
        for (String group : new String[]{"sweep_cg2", "sweep_cg"}) {
            DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
            consumer.setNamesrvAddr(namesrv);
            consumer.setInstanceName(group);
            consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
            AtomicInteger consumed = new AtomicInteger();
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, x) -> { consumed.addAndGet(messages.size()); return ConsumeConcurrentlyStatus.CONSUME_SUCCESS; });
            consumer.subscribe("SweepTopic", "*");
            consumer.start();
            for (int i = 0; i < 600 && consumed.get() < 10; i++) Thread.sleep(100);
            if (consumed.get() < 10) throw new IllegalStateException(group + " has consumed only " + consumed.get());
            // Its offsets must be at the broker before anybody asks for them.
            for (int i = 0; i < 600 && !committed(admin, group); i++) { consumer.getDefaultMQPushConsumerImpl().persistConsumerOffset(); Thread.sleep(100); }
            if (group.equals("sweep_cg")) out.println("CLIENTID=" + consumer.getDefaultMQPushConsumerImpl().getmQClientFactory().getClientId());
            else consumer.shutdown();
        }
        out.println("BROKER=" + address);
        out.println("BROKERNAME=" + name);
        out.println("CLUSTER=" + cluster);
        out.println("NS=" + namesrv);
        out.println("UKEY=" + first.getMsgId());
        out.println("OFFID=" + first.getOffsetMsgId());
    }

    static boolean committed(DefaultMQAdminExt admin, String group) {
        try {
            long sum = 0;
            boolean retry = false;
            for (Map.Entry<MessageQueue, OffsetWrapper> e : admin.examineConsumeStats(group).getOffsetTable().entrySet()) {
                if (e.getKey().getTopic().equals("SweepTopic")) sum += e.getValue().getConsumerOffset();
                else retry = true;
            }
            return retry && sum == 10;
        } catch (Exception e) { return false; }
    }
}
