import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.PosixParser;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.MixAll;
import org.apache.rocketmq.common.namesrv.NamesrvConfig;
import org.apache.rocketmq.remoting.netty.NettyClientConfig;
import org.apache.rocketmq.remoting.netty.NettyServerConfig;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.serializer.SerializerFeature;

/**
 * Records how Apache RocketMQ 4.6.0 reads settings, for the tests of src/config: its fields with order and defaults,
 * what its classes make of the properties texts, settings and command lines in cases.json.
 * Run on the official jars: java -XX:ActiveProcessorCount=4 -Duser.home=/home/tester -Drocketmq.home.dir=/opt/rocketmq
 * -cp 'lib/*' RecordConfig.java cases.json java-4.6.0.json
 */
public class RecordConfig {
    public static void main(String[] args) throws Exception {
        Map<?, ?> cases = (Map<?, ?>) JSON.parse(new String(Files.readAllBytes(Paths.get(args[0])), "UTF-8"));
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("fields", fields());
        out.put("properties", properties((List<?>) cases.get("properties")));
        out.put("settings", settings((List<?>) cases.get("settings")));
        out.put("commandLines", commandLines((List<?>) cases.get("commandLines")));
        try (PrintWriter w = new PrintWriter(args[1], "UTF-8")) {
            w.println(JSON.toJSONString(out, SerializerFeature.PrettyFormat, SerializerFeature.WriteMapNullValue,
                SerializerFeature.BrowserCompatible, SerializerFeature.DisableCircularReferenceDetect));
        }
    }

    static Object[] objects() {
        return new Object[] {new BrokerConfig(), new NettyServerConfig(), new NettyClientConfig(),
            new MessageStoreConfig(), new NamesrvConfig()};
    }

    static Map<String, Object> fields() throws Exception {
        Map<String, Object> all = new LinkedHashMap<>();
        for (Object o : objects()) {
            List<Object> rows = new ArrayList<>();
            for (Field f : o.getClass().getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers())) {
                    continue;
                }
                f.setAccessible(true);
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("key", f.getName());
                row.put("type", f.getType().getSimpleName());
                Object v = f.get(o);
                row.put("value", v == null ? null : v.toString());
                boolean important = false;
                for (Annotation a : f.getAnnotations()) {
                    important |= a.annotationType().getSimpleName().equals("ImportantField");
                }
                row.put("important", important);
                row.put("settable", settable(o, f.getName()));
                rows.add(row);
            }
            all.put(o.getClass().getSimpleName(), rows);
        }
        return all;
    }

    static boolean settable(Object o, String name) {
        for (Method m : o.getClass().getMethods()) {
            String upper = Character.toUpperCase(name.charAt(0)) + name.substring(1);
            if (m.getName().equals("set" + upper) || m.getName().equals("set" + name)) {
                return true;
            }
        }
        return false;
    }

    static List<Object> properties(List<?> texts) {
        List<Object> all = new ArrayList<>();
        for (Object text : texts) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("text", text);
            try {
                row.put("values", new TreeMap<>(load((String) text)));
            } catch (Exception e) {
                row.put("error", String.valueOf(e.getMessage()));
            }
            all.add(row);
        }
        return all;
    }

    static Properties load(String text) throws Exception {
        Properties p = new Properties();
        p.load(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
        return p;
    }

    /** Per text: the printed fields and the answers of getters that differ from a fresh object, over all objects. */
    static List<Object> settings(List<?> texts) throws Exception {
        List<Object> all = new ArrayList<>();
        for (Object text : texts) {
            Properties p = load((String) text);
            Map<String, Object> changed = new TreeMap<>();
            Map<String, Object> getters = new TreeMap<>();
            Object[] fresh = objects();
            Object[] objects = objects();
            for (int i = 0; i < objects.length - 1; i++) {
                MixAll.properties2Object(p, objects[i]);
                compare(fresh[i], objects[i], changed, getters);
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("text", text);
            row.put("changed", changed);
            row.put("getters", getters);
            all.add(row);
        }
        return all;
    }

    static void compare(Object before, Object after, Map<String, Object> changed, Map<String, Object> getters)
        throws Exception {
        for (Field f : after.getClass().getDeclaredFields()) {
            if (Modifier.isStatic(f.getModifiers())) {
                continue;
            }
            f.setAccessible(true);
            String now = String.valueOf(f.get(after));
            if (now.equals(String.valueOf(f.get(before)))) {
                continue;
            }
            String upper = Character.toUpperCase(f.getName().charAt(0)) + f.getName().substring(1);
            changed.put(f.getName(), now);
            for (Method m : after.getClass().getMethods()) {
                boolean getter = m.getName().equals("get" + upper) || m.getName().equals("is" + upper);
                if (getter && m.getParameterCount() == 0) {
                    getters.put(f.getName(), String.valueOf(m.invoke(after)));
                }
            }
        }
    }

    static List<Object> commandLines(List<?> cases) {
        List<Object> all = new ArrayList<>();
        for (Object c : cases) {
            List<?> words = (List<?>) c;
            Options options = new Options();
            options.addOption(new Option("h", "help", false, ""));
            options.addOption(new Option("n", "namesrvAddr", true, ""));
            options.addOption(new Option("c", "configFile", true, ""));
            options.addOption(new Option("p", "printConfigItem", false, ""));
            options.addOption(new Option("m", "printImportantConfig", false, ""));
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("words", words);
            try {
                CommandLine line = new PosixParser().parse(options, words.toArray(new String[0]));
                Map<String, Object> given = new TreeMap<>();
                for (Option o : line.getOptions()) {
                    String value = line.getOptionValue(o.getOpt());
                    given.put(o.getOpt(), value == null ? true : value);
                }
                row.put("options", given);
            } catch (ParseException e) {
                row.put("error", e.getMessage());
            }
            all.add(row);
        }
        return all;
    }
}
