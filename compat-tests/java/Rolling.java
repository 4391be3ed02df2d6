import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.*;
import org.apache.rocketmq.client.producer.*;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.*;

/**
 * Traffic of the official client while brokers are replaced: threads that send, and a push consumer.
 * usage: Rolling NAMESRV TOPIC GROUP DIR THREADS PAUSE_MS
 * DIR/sent.log has a line `broker queueId queueOffset offsetMsgId key` for each SEND_OK, written before the next send;
 * DIR/consumed.log a line `broker queueId queueOffset key`, written before the message counts as consumed.
 * Sends until DIR/stop-sending exists, consumes until DIR/stop exists, then shuts down, which commits all offsets.
 */
public class Rolling {
    static PrintStream log(Path dir, String name) throws IOException {
        return new PrintStream(new FileOutputStream(dir.resolve(name).toFile(), true), true, "UTF-8");
    }

    static boolean asked(Path dir, String name) { return Files.exists(dir.resolve(name)); }

    public static void main(String[] args) throws Exception {
        System.setProperty("rocketmq.client.rebalance.waitInterval", "1000");
        String namesrv = args[0], topic = args[1], group = args[2];
        Path dir = Paths.get(args[3]);
        int threads = Integer.parseInt(args[4]);
        long pauseMs = Long.parseLong(args[5]);
        Files.createDirectories(dir);
        PrintStream sent = log(dir, "sent.log"), consumed = log(dir, "consumed.log");
        DefaultMQPushConsumer consumer = consumer(namesrv, topic, group, consumed);
        DefaultMQProducer producer = producer(namesrv);
        AtomicInteger refused = new AtomicInteger();
        List<Thread> senders = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String prefix = "r" + t + "-";
            Thread sender = new Thread(() -> send(producer, topic, prefix, dir, sent, pauseMs, refused));
            senders.add(sender);
            sender.start();
        }
        System.out.println("traffic runs");
        for (Thread sender : senders) sender.join();
        while (!asked(dir, "stop")) Thread.sleep(50);
        consumer.shutdown();
        producer.shutdown();
        System.out.println("refused " + refused.get());
        System.exit(0);
    }

    static DefaultMQPushConsumer consumer(String namesrv, String topic, String group, PrintStream consumed) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName("rolling-consumer");
        consumer.setPollNameServerInterval(1000);
        consumer.setHeartbeatBrokerInterval(2000);
        consumer.setPersistConsumerOffsetInterval(1000);
        consumer.setVipChannelEnabled(false);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                consumed.println(context.getMessageQueue().getBrokerName() + " " + message.getQueueId() + " "
                    + message.getQueueOffset() + " " + message.getMsgId());
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    static DefaultMQProducer producer(String namesrv) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("rolling_producers");
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName("rolling-producer");
        producer.setPollNameServerInterval(1000);
        producer.setHeartbeatBrokerInterval(2000);
        producer.setSendMsgTimeout(10000);
        producer.setVipChannelEnabled(false);
        producer.start();
        return producer;
    }

    static void send(DefaultMQProducer producer, String topic, String prefix, Path dir, PrintStream sent, long pauseMs, AtomicInteger refused) {
        for (int number = 0; !asked(dir, "stop-sending"); number++) {
            String key = prefix + number;
            Message message = new Message(topic, body(key, number));
            message.setKeys(key);
            MessageAccessor.putProperty(message, MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX, key);
            try {
                SendResult result = producer.send(message);
                MessageQueue queue = result.getMessageQueue();
                if (result.getSendStatus() == SendStatus.SEND_OK) {
                    sent.println(queue.getBrokerName() + " " + queue.getQueueId() + " " + result.getQueueOffset() + " "
                        + result.getOffsetMsgId() + " " + key);
                } else refused.incrementAndGet();
                Thread.sleep(pauseMs);
            } catch (InterruptedException end) {
                return;
            } catch (Exception refusal) {
                refused.incrementAndGet();
                try { Thread.sleep(50); } catch (InterruptedException end) { return; }
            }
        }
    }

    /** As bodyOf in compat-tests/peer/ledger-producer.ts. */
    static byte[] body(String key, int number) {
        StringBuilder text = new StringBuilder(key).append(' ');
        for (int i = 0; i < 5 + (number * 61) % 195; i++) text.append("0123456789");
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
