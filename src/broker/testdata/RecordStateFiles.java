import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.serializer.SerializerFeature;
import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.broker.filter.ConsumerFilterManager;
import org.apache.rocketmq.broker.offset.ConsumerOffsetManager;
import org.apache.rocketmq.common.protocol.body.ConsumerOffsetSerializeWrapper;
import org.apache.rocketmq.common.protocol.body.SubscriptionGroupWrapper;
import org.apache.rocketmq.common.protocol.body.TopicConfigSerializeWrapper;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.store.schedule.DelayOffsetSerializeWrapper;

/**
 * Records what Apache RocketMQ 4.6.0 makes of the state files in state-files.cases.json: what it writes again after it
 * has read a text, and which of a file and its .bak a start uses.
 * Run on the official jars: java -cp 'lib/*' RecordStateFiles.java state-files.cases.json state-files.java-4.6.0.json
 */
public class RecordStateFiles {
    public static void main(String[] args) throws Exception {
        Map<?, ?> cases = (Map<?, ?>) JSON.parse(new String(Files.readAllBytes(Paths.get(args[0])), "UTF-8"));
        Map<String, Object> out = new LinkedHashMap<>();
        List<Object> texts = new ArrayList<>();
        for (Object one : (List<?>) cases.get("texts")) {
            texts.add(saved((String) ((Map<?, ?>) one).get("file"), (String) ((Map<?, ?>) one).get("text")));
        }
        out.put("texts", texts);
        List<Object> loads = new ArrayList<>();
        for (Object one : (List<?>) cases.get("loads")) {
            loads.add(loaded((String) ((Map<?, ?>) one).get("main"), (String) ((Map<?, ?>) one).get("bak")));
        }
        out.put("loads", loads);
        try (PrintWriter w = new PrintWriter(args[1], "UTF-8")) {
            w.println(JSON.toJSONString(out, SerializerFeature.PrettyFormat, SerializerFeature.WriteMapNullValue,
                SerializerFeature.BrowserCompatible, SerializerFeature.DisableCircularReferenceDetect));
        }
        System.exit(0);
    }

    static Class<?> classOf(String file) {
        switch (file) {
            case "topics.json":
                return TopicConfigSerializeWrapper.class;
            case "subscriptionGroup.json":
                return SubscriptionGroupWrapper.class;
            case "consumerOffset.json":
                return ConsumerOffsetSerializeWrapper.class;
            case "delayOffset.json":
                return DelayOffsetSerializeWrapper.class;
            case "consumerFilter.json":
                return ConsumerFilterManager.class;
            default:
                throw new IllegalArgumentException(file);
        }
    }

    /** What each manager's decode reads and its encode writes, through the same classes. Null: decode throws. */
    static Map<String, Object> saved(String file, String text) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("file", file);
        row.put("text", text);
        Object read = null;
        try {
            read = RemotingSerializable.fromJson(text, classOf(file));
            row.put("saved", read == null ? "" : RemotingSerializable.toJson(read, true));
        } catch (Throwable e) {
            row.put("saved", null);
        }
        return row;
    }

    /** ConfigManager#load on a file and a backup; null is a missing one. */
    static Map<String, Object> loaded(String main, String bak) throws Exception {
        Path dir = Files.createTempDirectory("state");
        Path file = dir.resolve("consumerOffset.json");
        if (main != null) Files.write(file, main.getBytes("UTF-8"));
        if (bak != null) Files.write(Paths.get(file + ".bak"), bak.getBytes("UTF-8"));
        ConsumerOffsetManager manager = new ConsumerOffsetManager() {
            @Override public String configFilePath() {
                return file.toString();
            }
        };
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("main", main);
        row.put("bak", bak);
        row.put("success", manager.load());
        row.put("table", manager.encode(false));
        for (File each : dir.toFile().listFiles()) each.delete();
        Files.delete(dir);
        return row;
    }
}
