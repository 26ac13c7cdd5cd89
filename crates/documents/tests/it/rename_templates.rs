//! Renaming fields in templates: one row for each rule of the template reference, with its reason.
//!
//! Authored from the reference of the template language, not from what the program does. `=` as the text after: nothing
//! may change. `warn` is what a warning must say; `-` where there must be none.

use serde_json::{Value, json};
use transship_documents::rename::rename_fields;
use transship_documents::{FieldRename, Side};

/// Why, the rename, before, after, warning.
pub type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const SCOPE: &str = "not known what it refers to";
const TEXT: &str = "may name the field as a text";
pub const UNREADABLE: &str = "could not be read";
const UNSAYABLE: &str = "cannot be renamed where it stands";
const SERVICE: &str = "begins with a name of the service";
const ELEMENT: &str = "is a field of the element in this block";
const RUN_TIME: &str = "only known when it runs";

#[rustfmt::skip]
const TEMPLATES: &[Row] = &[
    // Section 1: grammar
    ("double braces", "id -> code", "{{record.id}}", "{{record.code}}", "-"),
    ("triple braces keep their number", "id -> code", "{{{record.id}}}", "{{{record.code}}}", "-"),
    ("an ampersand is raw output", "id -> code", "{{&record.id}}", "{{&record.code}}", "is not documented by the service"),
    ("a raw block is text", "id -> code", "{{{{x}}}}{{id}}{{{{/x}}}}", "=", "-"),
    ("a raw block in a raw block", "id -> code", "{{{{a}}}}{{{{b}}}}{{id}}{{{{/b}}}}{{id}}{{{{/a}}}}{{id}}", "{{{{a}}}}{{{{b}}}}{{id}}{{{{/b}}}}{{id}}{{{{/a}}}}{{code}}", "-"),
    ("a raw block that is not closed", "id -> code", "{{{{a}}}}{{id}}", "=", UNREADABLE),
    ("a raw block closed by another name", "id -> code", "{{{{a}}}}{{id}}{{{{/b}}}}", "=", UNREADABLE),
    ("the name of a raw block is a helper's", "id -> code", "{{{{id}}}}x{{{{/id}}}}", "=", "-"),
    ("an escaped tag is text", "id -> code", r"\{{record.id}}", "=", "-"),
    ("an escaped backslash escapes nothing", "id -> code", r"\\{{record.id}}", r"\\{{record.code}}", "-"),
    ("an escaped tag ends at the next", "id -> code", r"\{{id}}{{id}}", r"\{{id}}{{code}}", "-"),
    ("a short comment", "id -> code", "{{! id }}", "=", "-"),
    ("a short comment ends at the first braces", "id -> code", "{{! a }} {{id}}", "{{! a }} {{code}}", "-"),
    ("a long comment holds tags", "id -> code", "{{!-- {{id}} --}}", "=", "-"),
    ("dashes do not end a long comment", "id -> code", "{{!-- a -- {{id}} -- --}}{{id}}", "{{!-- a -- {{id}} -- --}}{{code}}", "-"),
    ("a long comment with whitespace control", "id -> code", "{{~!-- {{id}} --~}}{{id}}", "{{~!-- {{id}} --~}}{{code}}", "-"),
    ("a long comment that is not closed", "id -> code", "{{!-- {{id}} }}{{id}}", "=", UNREADABLE),
    ("a comment in the middle of a list", "id -> code", "a{{!}}{{id}}", "a{{!}}{{code}}", "-"),
    ("whitespace control", "id -> code", "{{~ record.id ~}}", "{{~ record.code ~}}", "blank after the opening braces"),
    ("whitespace control without blanks", "id -> code", "{{~record.id~}}", "{{~record.code~}}", "-"),
    ("whitespace control around a raw value", "id -> code", "{{~{record.id}~}}", "{{~{record.code}~}}", "-"),
    ("a blank after the braces is reported", "id -> code", "{{ record.id}}", "{{ record.code}}", "blank after the opening braces"),
    ("a line break after the braces is reported", "id -> code", "{{\nrecord.id}}", "{{\nrecord.code}}", "blank after the opening braces"),
    ("a blank before the closing braces is fine", "id -> code", "{{record.id }}", "{{record.code }}", "-"),
    ("empty braces", "id -> code", "{{}}{{id}}{{{}}}", "{{}}{{code}}{{{}}}", "-"),
    ("the name of a partial is no field", "id -> code", "{{> id}}", "=", "-"),
    ("what a partial is given is a field", "id -> code", "{{> p id}}", "{{> p code}}", "not documented by the service"),
    ("the name of a partial block is no field", "id -> code", "{{#> id}}none{{/id}}", "=", "-"),
    ("inside a partial block the record is in reach", "id -> code", "{{#> p}}{{record.id}}{{/p}}", "{{#> p}}{{record.code}}{{/p}}", "-"),
    ("a partial block with a context of its own", "id -> code", "{{#> p x}}{{id}}{{/p}}", "=", SCOPE),
    ("the name of a decorator is no field", "id -> code", "{{* id}}", "=", "-"),
    ("inside an inline partial nothing is known", "id -> code", "{{#*inline \"p\"}}{{id}}{{/inline}}", "=", SCOPE),
    ("nested fields", "a.b.c -> a.b.d", "{{record.a.b.c}}", "{{record.a.b.d}}", "-"),
    ("a position in brackets", "a.b -> a.c", "{{record.a.[0].b}}", "{{record.a.[0].c}}", "-"),
    ("a position without brackets", "a.b -> a.c", "{{record.a.0.b}}", "{{record.a.0.c}}", "-"),
    ("a position in brackets without a dot", "a.b -> a.c", "{{record.a[0].b}}", "{{record.a[0].c}}", "-"),
    ("a segment literal", "e mail -> mail", "{{record.[e mail]}}", "{{record.mail}}", "-"),
    ("a segment literal with a dot", "[\"e.mail\"] -> mail", "{{record.[e.mail]}}", "{{record.mail}}", "-"),
    ("a segment literal with marks", "[\"#x\"] -> y", "{{record.a}}{{record.[#x]}}", "{{record.a}}{{record.y}}", "-"),
    ("a bare segment literal", "e mail -> mail", "{{[e mail]}}", "{{mail}}", "-"),
    ("a quoted name alone is a field", "e mail -> mail", "{{\"e mail\"}}", "{{\"mail\"}}", "-"),
    ("a quoted name in single quotes", "e mail -> mail", "{{'e mail'}}", "{{'mail'}}", "-"),
    ("a quoted segment", "e mail -> mail", "{{record.\"e mail\"}}", "{{record.\"mail\"}}", "-"),
    ("a quoted segment in the middle", "e mail.x -> e mail.y", "{{record.\"e mail\".x}}", "{{record.\"e mail\".y}}", "-"),
    ("a quoted first segment", "e mail.x -> e mail.y", "{{\"e mail\".x}}", "{{\"e mail\".y}}", "-"),
    ("a new name that needs brackets", "mail -> e mail", "{{record.mail}}", "{{record.[e mail]}}", "-"),
    ("a bracket right behind a name stays there", "mail -> post", "{{record.mail[x].y}}", "{{record.post[x].y}}", "-"),
    ("a name in a bracket right behind one, too", "mail -> post", "{{record[mail]}}", "{{record[post]}}", "-"),
    ("a new name with a hyphen needs them, too", "mail -> e-mail", "{{record.mail}}", "{{record.[e-mail]}}", "-"),
    ("a new name with a bracket cannot be written", "mail -> [\"a]b\"]", "{{record.mail}}", "=", UNSAYABLE),
    ("a new name that is a word of the language", "mail -> true", "{{mail}}", "{{[true]}}", "-"),
    ("an old name that is a word of the language", "[\"true\"] -> mail", "{{[true]}} {{true}}", "{{mail}} {{true}}", "-"),
    ("a new name that is a helper's", "mail -> trim", "{{mail}}", "=", UNSAYABLE),
    ("a new name that is a helper's, behind the record", "mail -> trim", "{{record.mail}}", "{{record.trim}}", "-"),
    ("a new name that is a helper's, as an argument", "mail -> trim", "{{trim mail}}", "{{trim trim}}", "-"),
    ("a new name that is a root of the service", "mail -> settings", "{{mail}}", "=", UNSAYABLE),
    ("a new name that is a root, behind the record", "mail -> settings", "{{record.mail}}", "{{record.settings}}", "-"),
    ("a slash separates names", "a.b -> a.c", "{{record/a/b}}", "{{record/a/c}}", "-"),
    ("a path with stars in parentheses cannot be read", "code -> mark", "{{trim part(*).code}}", "=", UNREADABLE),
    ("nothing of such a template is changed", "code -> mark", "{{code}}{{trim part(*).code}}", "=", UNREADABLE),
    ("a template without the name says nothing", "other -> mark", "{{trim part(*).code}}", "=", "-"),
    ("a text that is not closed", "id -> code", "{{trim \"a}}{{id}}", "=", UNREADABLE),
    ("a parenthesis that is not closed", "id -> code", "{{trim (trim id}}", "=", UNREADABLE),
    ("a tag that is not closed", "id -> code", "{{record.id", "=", UNREADABLE),
    ("a raw tag closed by two braces", "id -> code", "{\"a\":{{{record.id}}, 1}", "=", UNREADABLE),
    ("closing braces of JSON are text", "id -> code", "{\"a\":{\"b\":{{record.id}}}}", "{\"a\":{\"b\":{{record.code}}}}", "-"),
    ("a brace of JSON before a tag makes it raw", "id -> code", "{{{record.id}}}", "{{{record.code}}}", "-"),
    ("a block that is not closed", "id -> code", "{{#if id}}{{id}}", "=", UNREADABLE),
    ("a block closed by another name", "id -> code", "{{#if id}}{{id}}{{/each}}", "=", UNREADABLE),
    ("else without a block", "id -> code", "{{id}}{{else}}", "=", UNREADABLE),
    ("a name that begins with else", "elsewhere -> there", "{{elsewhere}}", "{{there}}", "-"),
    ("texts are no names", "id -> code", "{{#compare record.a \"==\" \"id\"}}{{/compare}}", "=", TEXT),
    ("an escaped quote does not end a text", "id -> code", "{{trim \"a\\\"id\\\"\" record.id}}", "{{trim \"a\\\"id\\\"\" record.code}}", "-"),
    ("a backslash before another character is a backslash", "id -> code", "{{trim \"\\\\n\" record.id}}", "{{trim \"\\\\n\" record.code}}", "-"),
    ("numbers are no names", "5 -> five", "{{add 5 record.x}}", "=", "-"),
    ("true is no name", "true -> yes", "{{#if true}}{{/if}}", "=", "-"),
    ("null is no name", "null -> nil", "{{aws4 a b null \"eu\" \"s3\"}}", "=", "-"),
    ("a subexpression", "id -> code", "{{trim (uppercase record.id)}}", "{{trim (uppercase record.code)}}", "-"),
    ("subexpressions in subexpressions", "id -> code", "{{trim (add (ceil id) (abs record.id))}}", "{{trim (add (ceil code) (abs record.code))}}", "-"),
    ("the head of a subexpression is a helper", "trim -> cut", "{{uppercase (trim trim)}}", "{{uppercase (trim cut)}}", "-"),
    ("a named argument's value is a field", "desc -> falling", "{{sort record.l reverse=desc}}", "{{sort record.l reverse=falling}}", "-"),
    ("a named argument's key is none", "reverse -> back", "{{sort record.l reverse=\"true\"}}", "=", "-"),
    ("several tags in one text", "id -> code", "/a/{{id}}/b/{{{id}}}?c={{record.id}}", "/a/{{code}}/b/{{{code}}}?c={{record.code}}", "-"),
    ("names are whole", "id -> code", "{{ids}}{{record.id2}}{{grid.x}}{{order_id}}", "=", "-"),
    ("names heed case", "id -> code", "{{ID}}{{record.Id}}", "=", "-"),
    ("names of any script", "größe -> maß", "{{record.größe}}", "{{record.maß}}", "-"),
    ("a colon is part of a name", "x:id -> x:code", "{{record.x:id}}", "{{record.x:code}}", "-"),
    ("a hash sign within a name", "PO# -> po", "{{record.[PO#]}}", "{{record.po}}", "-"),
    ("the length of a list is no field", "lines.length -> lines.size", "{{record.lines.length}}", "=", "length of a list"),
    ("the name before a length is one", "lines -> items", "{{record.lines.length}}", "{{record.items.length}}", "-"),
    ("a block over a length is closed by the same name", "lines -> items", "{{#record.lines.length}}x{{else}}y{{/record.lines.length}}", "{{#record.items.length}}x{{else}}y{{/record.items.length}}", "-"),
    ("an inverse block over one, too", "lines -> items", "{{^record.lines.length}}x{{/record.lines.length}}", "{{^record.items.length}}x{{/record.items.length}}", "not documented by the service"),
    ("so is a block over the result of a helper", "id -> code", "{{#(trim id)}}x{{/(trim id)}}", "{{#(trim code)}}x{{/(trim code)}}", "-"),
    ("a bare length is a field", "length -> size", "{{length}}", "{{size}}", "-"),

    // Section 1: which word is a field
    ("a known helper alone", "timestamp -> at", "{{timestamp}}", "=", "is called like a helper"),
    ("names of helpers heed case", "timeStamp -> at", "{{timeStamp}}", "{{at}}", "-"),
    ("a word with arguments is a helper", "name -> title", "{{name record.x}}", "=", "is called like a helper"),
    ("a path with arguments cannot be a helper's name", "a.b -> a.c", "{{record.a.b \"x\"}}", "=", "is called like a helper"),
    ("this makes a field of it", "timestamp -> at", "{{this.timestamp}}", "{{this.at}}", "-"),

    // Section 2: scopes
    ("each changes what bare names mean", "weight -> mass", "{{#each record.boxes}}{{weight}}{{/each}}", "=", "-"),
    ("each follows names of elements", "boxes.weight -> boxes.mass", "{{#each record.boxes}}{{weight}}{{this.weight}}{{./weight}}{{/each}}", "{{#each record.boxes}}{{mass}}{{this.mass}}{{./mass}}{{/each}}", "-"),
    ("else of each is outside", "weight -> mass", "{{#each record.boxes}}{{weight}}{{else}}{{weight}}{{/each}}", "{{#each record.boxes}}{{weight}}{{else}}{{mass}}{{/each}}", "-"),
    ("with changes what bare names mean", "a.x -> a.y", "{{#with record.a}}{{x}}{{/with}}{{x}}", "{{#with record.a}}{{y}}{{/with}}{{x}}", "-"),
    ("else of with is outside", "x -> y", "{{#with record.a}}{{x}}{{else}}{{x}}{{/with}}", "{{#with record.a}}{{x}}{{else}}{{y}}{{/with}}", "-"),
    ("filter is about elements", "boxes.weight -> boxes.mass", "{{#filter record.boxes \"a\" \"kind\"}}{{weight}}{{else}}{{weight}}{{/filter}}", "{{#filter record.boxes \"a\" \"kind\"}}{{mass}}{{else}}{{weight}}{{/filter}}", "-"),
    ("filter hides names of the record", "weight -> mass", "{{#filter record.boxes \"a\" \"kind\"}}{{weight}}{{else}}{{weight}}{{/filter}}", "{{#filter record.boxes \"a\" \"kind\"}}{{weight}}{{else}}{{mass}}{{/filter}}", "-"),
    ("the property of a filter is a name", "boxes.kind -> boxes.sort", "{{#filter record.boxes \"a\" \"kind\"}}{{/filter}}", "{{#filter record.boxes \"a\" \"sort\"}}{{/filter}}", "-"),
    ("the property of a filter is a path", "boxes.label.code -> boxes.label.mark", "{{#filter record.boxes \"a\" \"label.code\"}}{{/filter}}", "{{#filter record.boxes \"a\" \"label.mark\"}}{{/filter}}", "-"),
    ("the value of a filter is none", "boxes.kind -> boxes.sort", "{{#filter record.boxes \"kind\"}}{{/filter}}", "=", TEXT),
    ("the value of a filter may be a field of the record", "wanted -> asked", "{{#filter record.boxes record.wanted \"kind\"}}{{/filter}}", "{{#filter record.boxes record.asked \"kind\"}}{{/filter}}", "-"),
    ("a block parameter", "lines.sku -> lines.item", "{{#each record.lines as |line|}}{{line.sku}}{{sku}}{{/each}}", "{{#each record.lines as |line|}}{{line.item}}{{item}}{{/each}}", "-"),
    ("a second block parameter is a position", "at -> place", "{{#each record.lines as |line at|}}{{at}}{{/each}}", "=", "-"),
    ("a block parameter hides a field", "line -> row", "{{#each record.lines as |line|}}{{line.x}}{{/each}}{{line.x}}", "{{#each record.lines as |line|}}{{line.x}}{{/each}}{{row.x}}", "-"),
    ("a new name that a block parameter hides", "mail -> line", "{{#each data as |line|}}{{mail}}{{/each}}", "=", UNSAYABLE),
    ("a block parameter of with", "a.x -> a.y", "{{#with record.a as |b|}}{{b.x}}{{/with}}", "{{#with record.a as |b|}}{{b.y}}{{/with}}", "-"),
    ("an inner list through a block parameter", "a.b.c -> a.b.d", "{{#each record.a as |x|}}{{#each x.b as |y|}}{{y.c}}{{/each}}{{/each}}", "{{#each record.a as |x|}}{{#each x.b as |y|}}{{y.d}}{{/each}}{{/each}}", "-"),
    ("one scope up, through the record", "id -> code", "{{#each record.lines}}{{../record.id}}{{/each}}", "{{#each record.lines}}{{../record.code}}{{/each}}", "-"),
    ("one scope up, bare", "id -> code", "{{#each record.lines}}{{../id}}{{/each}}", "{{#each record.lines}}{{../code}}{{/each}}", "-"),
    ("if is no scope", "id -> code", "{{#each record.lines}}{{#if x}}{{../id}}{{/if}}{{/each}}", "{{#each record.lines}}{{#if x}}{{../code}}{{/if}}{{/each}}", "-"),
    ("one scope up of an inner list is an element", "a.x -> a.y", "{{#each record.a}}{{#each b}}{{../x}}{{/each}}{{/each}}", "{{#each record.a}}{{#each b}}{{../y}}{{/each}}{{/each}}", "-"),
    ("further up than there are scopes", "id -> code", "{{#each record.lines}}{{../../id}}{{/each}}", "=", SCOPE),
    ("up from the outermost", "id -> code", "{{../id}}", "=", SCOPE),
    ("the root from any depth", "id -> code", "{{#each record.a}}{{#each b}}{{@root.record.id}}{{/each}}{{/each}}", "{{#each record.a}}{{#each b}}{{@root.record.code}}{{/each}}{{/each}}", "-"),
    ("the root's data", "id -> code", "{{@root.data.0.id}}", "{{@root.data.0.code}}", "-"),
    ("the root's settings are no record", "id -> code", "{{@root.settings.id}}", "=", "-"),
    ("each over sort", "boxes.weight -> boxes.mass", "{{#each (sort record.boxes)}}{{weight}}{{/each}}", "{{#each (sort record.boxes)}}{{mass}}{{/each}}", "-"),
    ("each over after", "boxes.weight -> boxes.mass", "{{#each (after record.boxes 2)}}{{weight}}{{/each}}", "{{#each (after record.boxes 2)}}{{mass}}{{/each}}", "-"),
    ("each over before", "boxes.weight -> boxes.mass", "{{#each (before record.boxes 2)}}{{this.weight}}{{/each}}", "{{#each (before record.boxes 2)}}{{this.mass}}{{/each}}", "-"),
    ("each over unique", "boxes.weight -> boxes.mass", "{{#each (unique record.boxes)}}{{weight}}{{/each}}", "{{#each (unique record.boxes)}}{{mass}}{{/each}}", "-"),
    ("each over arrayify", "boxes.weight -> boxes.mass", "{{#each (arrayify record.boxes)}}{{weight}}{{/each}}", "{{#each (arrayify record.boxes)}}{{mass}}{{/each}}", "-"),
    ("each over helpers in helpers", "boxes.weight -> boxes.mass", "{{#each (after (sort record.boxes) 1)}}{{weight}}{{/each}}", "{{#each (after (sort record.boxes) 1)}}{{mass}}{{/each}}", "-"),
    ("each over arrayify hides names of the record", "weight -> mass", "{{#each (arrayify record.boxes)}}{{weight}}{{/each}}", "=", "-"),
    ("each over pluck", "boxes.label.code -> boxes.label.mark", "{{#each (pluck record.boxes \"label\")}}{{code}}{{/each}}", "{{#each (pluck record.boxes \"label\")}}{{mark}}{{/each}}", "-"),
    ("each over jsonParse", "boxes.weight -> boxes.mass", "{{#each (jsonParse record.boxes)}}{{weight}}{{/each}}", "=", SCOPE),
    ("with over jsonParse", "weight -> mass", "{{#with (jsonParse record.text)}}{{weight}}{{/with}}", "=", SCOPE),
    ("else behind jsonParse is known", "weight -> mass", "{{#with (jsonParse record.text)}}x{{else}}{{weight}}{{/with}}", "{{#with (jsonParse record.text)}}x{{else}}{{mass}}{{/with}}", "-"),
    ("each over an unknown helper", "boxes.weight -> boxes.mass", "{{#each (shuffle record.boxes)}}{{weight}}{{/each}}", "=", SCOPE),
    ("what a helper over a list is given follows", "boxes -> crates", "{{#each (shuffle record.boxes)}}{{/each}}", "{{#each (shuffle record.crates)}}{{/each}}", "-"),
    ("a list in an unknown scope", "boxes.weight -> boxes.mass", "{{#with (jsonParse t)}}{{#each boxes}}{{weight}}{{/each}}{{/with}}", "=", SCOPE),
    ("inside settings nothing is a field", "id -> code", "{{#each settings.list}}{{id}}{{/each}}", "=", "-"),
    ("inside settings the record is one scope up", "id -> code", "{{#each settings.list}}{{record.id}}{{../record.id}}{{/each}}", "{{#each settings.list}}{{record.id}}{{../record.code}}{{/each}}", ELEMENT),
    ("an unknown block with arguments", "id -> code", "{{#wrap record.x}}{{id}}{{/wrap}}", "=", SCOPE),
    ("arguments of an unknown block follow", "x -> y", "{{#wrap record.x}}{{/wrap}}", "{{#wrap record.y}}{{/wrap}}", "-"),
    ("a block over a field", "a.b -> a.c", "{{#a}}{{b}}{{/a}}", "{{#a}}{{c}}{{/a}}", "-"),
    ("a block over a field is renamed at both ends", "a -> z", "{{#a}}x{{/a}}", "{{#z}}x{{/z}}", "-"),
    ("a block over a path is renamed at both ends", "a -> z", "{{#record.a}}x{{/record.a}}", "{{#record.z}}x{{/record.z}}", "-"),
    ("an inverse block", "a -> z", "{{^a}}{{a}}{{/a}}", "{{^z}}{{z}}{{/z}}", "is not documented by the service"),
    ("else of an inverse block is inside", "a.b -> a.c", "{{^a}}{{b}}{{else}}{{b}}{{/a}}", "{{^a}}{{b}}{{else}}{{c}}{{/a}}", "-"),
    ("a caret alone is else", "weight -> mass", "{{#each record.b}}{{weight}}{{^}}{{weight}}{{/each}}", "{{#each record.b}}{{weight}}{{^}}{{mass}}{{/each}}", "-"),
    ("a chained else", "id -> code", "{{#if a}}{{else compare id \"<\" b}}{{id}}{{else}}{{id}}{{/if}}", "{{#if a}}{{else compare code \"<\" b}}{{code}}{{else}}{{code}}{{/if}}", "-"),
    ("a chained else with a scope", "a.x -> a.y", "{{#if q}}{{x}}{{else with record.a}}{{x}}{{else}}{{x}}{{/if}}", "{{#if q}}{{x}}{{else with record.a}}{{y}}{{else}}{{x}}{{/if}}", "-"),
    ("this alone is no name", "this -> that", "{{#each record.a}}{{this}}{{/each}}", "=", "-"),
    ("a dot alone is no name", "a -> b", "{{#each record.x}}{{.}}{{/each}}", "=", "-"),
    ("the whole context as a value", "a -> b", "{{{jsonSerialize this}}}", "=", "-"),

    // Section 3: helpers
    ("every value of a helper", "a -> z", "{{add a record.a 1 (abs a)}}", "{{add z record.z 1 (abs z)}}", "-"),
    ("the separator of join comes first", "a -> z", "{{join \"a\" a record.a}}", "{{join \"a\" z record.z}}", TEXT),
    ("a bare word as a separator is a field", "sep -> mark", "{{join sep record.a}}", "{{join mark record.a}}", "-"),
    ("the format of a date is none", "YYYY -> y", "{{dateFormat \"YYYY\" record.d}}", "=", TEXT),
    ("the date of a format is a field", "d -> day", "{{dateFormat \"YYYY\" record.d \"MM\"}}", "{{dateFormat \"YYYY\" record.day \"MM\"}}", "-"),
    ("getValue by the record", "depot -> station", "{{getValue \"record.depot\" \"none\"}}", "{{getValue \"record.station\" \"none\"}}", "-"),
    ("getValue with single quotes", "depot -> station", "{{getValue 'record.depot'}}", "{{getValue 'record.station'}}", "-"),
    ("getValue by a bare name", "depot -> station", "{{getValue \"depot\" \"\"}}", "{{getValue \"station\" \"\"}}", "-"),
    ("getValue by a longer path", "depot -> station", "{{getValue \"record.depot.code\"}}", "{{getValue \"record.station.code\"}}", "-"),
    ("getValue by another path", "depot -> station", "{{getValue \"record.x.depot\"}}", "=", "-"),
    ("getValue of settings", "depot -> station", "{{getValue \"settings.depot\"}}", "=", "-"),
    ("the default of getValue is none", "depot -> station", "{{getValue \"record.x\" \"depot\"}}", "=", TEXT),
    ("getValue inside each begins at the root", "depot -> station", "{{#each record.l}}{{getValue \"record.depot\"}}{{/each}}", "{{#each record.l}}{{getValue \"record.station\"}}{{/each}}", "-"),
    ("getValue of a path that is computed", "depot -> station", "{{getValue (getValue \"record.depot\")}}", "{{getValue (getValue \"record.station\")}}", RUN_TIME),
    ("getValue of a path in a field", "depot -> station", "{{getValue record.depot}}", "{{getValue record.station}}", RUN_TIME),
    ("getValue of a path in another field is told too", "depot -> station", "{{getValue record.which}}", "=", RUN_TIME),
    ("a new name that getValue cannot say", "depot -> [\"a.b\"]", "{{getValue \"record.depot\"}}", "=", UNSAYABLE),
    ("getValue in a subexpression", "depot -> station", "{{trim (getValue \"record.depot\" \"\")}}", "{{trim (getValue \"record.station\" \"\")}}", "-"),
    ("pluck is relative to an element", "boxes.label.code -> boxes.label.mark", "{{pluck record.boxes \"label.code\"}}", "{{pluck record.boxes \"label.mark\"}}", "-"),
    ("pluck is not about the record", "label -> tag", "{{pluck record.boxes \"label\"}}", "=", "-"),
    ("pluck over a helper that keeps elements", "boxes.code -> boxes.mark", "{{pluck (sort record.boxes) \"code\"}}", "{{pluck (sort record.boxes) \"mark\"}}", "-"),
    ("pluck over a helper that does not", "boxes.code -> boxes.mark", "{{pluck (jsonParse record.t) \"code\"}}", "=", TEXT),
    ("the list of pluck follows", "boxes -> crates", "{{pluck record.boxes \"label\"}}", "{{pluck record.crates \"label\"}}", "-"),
    ("list and name of pluck at once", "boxes.code -> crates.mark", "{{pluck record.boxes \"code\"}}", "=", UNSAYABLE),
    ("hasOwn names a key", "a.x -> a.y", "{{#if (hasOwn record.a \"x\")}}{{/if}}", "{{#if (hasOwn record.a \"y\")}}{{/if}}", "-"),
    ("hasOwn of the record", "x -> y", "{{hasOwn record \"x\"}}", "{{hasOwn record \"y\"}}", "-"),
    ("hasOwn takes one key and no path", "a.x -> a.y", "{{hasOwn record \"a.x\"}}", "=", "-"),
    ("a lookup's value is a field", "depot -> station", "{{lookup \"map\" record.depot}}", "{{lookup \"map\" record.station}}", "-"),
    ("a text that lookup is given", "depot -> station", "{{lookup record \"depot\"}}", "=", TEXT),
    ("a text of an unknown helper", "depot -> station", "{{shuffle record \"depot\"}}", "=", TEXT),
    ("a path as a text of an unknown helper", "depot -> station", "{{shuffle \"record.depot\"}}", "=", TEXT),
    ("the last name as a text of an unknown helper", "a.depot -> a.station", "{{sum record.a \"depot\"}}", "=", TEXT),
    ("a text that only holds the name", "depot -> station", "{{shuffle \"the depot\"}}", "=", "-"),
    ("a bare word of an unknown helper is a field", "depot -> station", "{{shuffle depot}}", "{{shuffle station}}", "-"),
    ("regular expressions are texts", "a -> z", "{{regexMatch record.a \"a+\" 0 \"g\"}}", "{{regexMatch record.z \"a+\" 0 \"g\"}}", "-"),
    ("replacements are texts", "a -> z", "{{regexReplace record.x \"a\" \"b\"}}", "=", TEXT),
    ("hash takes its value last", "a -> z", "{{hash \"sha256\" \"hex\" record.a}}", "{{hash \"sha256\" \"hex\" record.z}}", "-"),
    ("the key of hmac is a value", "k -> key", "{{hmac \"sha256\" k \"hex\" record.a}}", "{{hmac \"sha256\" key \"hex\" record.a}}", "-"),
    ("options of hmac are the service's", "body -> text", "{{hmac \"sha256\" a \"hex\" hmacOptions.body}}", "=", "-"),

    // Section 4: blocks
    ("unless", "a -> z", "{{#unless a}}{{a}}{{/unless}}", "{{#unless z}}{{z}}{{/unless}}", "-"),
    ("both values of and", "a -> z", "{{#and a record.a}}{{/and}}", "{{#and z record.z}}{{/and}}", "-"),
    ("the operator of compare", "a -> z", "{{#compare a \"==\" b}}{{/compare}}", "{{#compare z \"==\" b}}{{/compare}}", "-"),
    ("the word of some is no field", "isString -> x", "{{#some record.l isString}}{{/some}}", "=", "-"),
    ("the list of some is one", "l -> list", "{{#some record.l isString}}{{/some}}", "{{#some record.list isString}}{{/some}}", "-"),
    ("some is no scope", "a -> z", "{{#some record.l isString}}{{a}}{{/some}}", "{{#some record.l isString}}{{z}}{{/some}}", "-"),
    ("contains is no scope", "a -> z", "{{#contains record.l \"x\"}}{{a}}{{/contains}}", "{{#contains record.l \"x\"}}{{z}}{{/contains}}", "-"),
    ("a block helper in a subexpression", "a -> z", "{{#if (and a (or record.a b))}}{{/if}}", "{{#if (and z (or record.z b))}}{{/if}}", "-"),

    // Section 5: data variables and roots
    ("data variables are no fields", "index -> place", "{{#each data}}{{@index}}{{index}}{{/each}}", "{{#each data}}{{@index}}{{place}}{{/each}}", "-"),
    ("outer data variables", "index -> place", "{{#each data}}{{#each l}}{{@../index}}{{@../last}}{{/each}}{{/each}}", "=", "-"),
    ("a list of records", "id -> code", "{{#each batch_of_records}}{{record.id}}{{/each}}", "{{#each batch_of_records}}{{record.code}}{{/each}}", "-"),
    ("a record of such a list is no field", "record -> entry", "{{#each batch_of_records}}{{jsonSerialize record}}{{record.record}}{{/each}}", "{{#each batch_of_records}}{{jsonSerialize record}}{{record.entry}}{{/each}}", "-"),
    ("a list of records with a parameter", "id -> code", "{{#each batch_of_records as |one|}}{{one.record.id}}{{/each}}", "{{#each batch_of_records as |one|}}{{one.record.code}}{{/each}}", "-"),
    ("the rows of a list of records", "id -> code", "{{#each batch_of_records}}{{#each rows}}{{id}}{{../../settings.id}}{{/each}}{{/each}}", "{{#each batch_of_records}}{{#each rows}}{{code}}{{../../settings.id}}{{/each}}{{/each}}", "-"),
    ("rows of grouped records", "id -> code", "{{rows.[0].id}}{{batch_of_records.[0].rows.[0].id}}", "{{rows.[0].code}}{{batch_of_records.[0].rows.[0].code}}", "-"),
    ("grouped rows in data", "id -> code", "{{#each data}}{{0.id}}{{#each this}}{{id}}{{/each}}{{/each}}", "{{#each data}}{{0.code}}{{#each this}}{{code}}{{/each}}{{/each}}", "-"),
    ("the record by its number", "id -> code", "{{0.id}}{{data.0.id}}", "{{0.code}}{{data.0.code}}", "-"),
    ("the record by a dollar sign", "id -> code", "{{$.id}}", "{{$.code}}", "-"),
    ("the step to the parent is no field", "_PARENT -> above", "{{record._PARENT.id}}", "=", "-"),
    ("a name of digits in brackets", "2024 -> year", "{{record.[2024]}}{{record.2024.x}}", "{{record.year}}{{record.year.x}}", "-"),
    ("a position in brackets is none of a longer name", "a.b -> a.c", "{{record.a.[0].b}}", "{{record.a.[0].c}}", "-"),
    ("a new name that is the record's own", "a -> record", "{{a}}{{record.a}}", "{{a}}{{record.record}}", UNSAYABLE),
    ("a new name that is the list of records", "a -> data", "{{a}}{{#each record.l}}{{a}}{{/each}}", "=", UNSAYABLE),
    ("the values of the record are no fields of it", "id -> code", "{{#each record}}{{id}}{{@key}}{{else}}{{id}}{{/each}}", "{{#each record}}{{id}}{{@key}}{{else}}{{code}}{{/each}}", SCOPE),
    ("the record as a list of one is itself", "id -> code", "{{#each (arrayify record)}}{{id}}{{/each}}", "{{#each (arrayify record)}}{{code}}{{/each}}", "-"),
    ("the parent record", "id -> code", "{{record._PARENT.id}}", "{{record._PARENT.code}}", "-"),
    ("a lookup by its name is none", "address -> place", "{{lookup.address}}{{lookup.[address]}}", "=", "-"),
    ("in a row, lookup is a field", "lookup.x -> lookup.y", "{{rows.[0].lookup.[0].x}}", "{{rows.[0].lookup.[0].y}}", "-"),
    ("connection", "connection -> link", "{{connection.http.x}}{{record.connection}}", "{{connection.http.x}}{{record.link}}", SERVICE),
    ("import", "import -> entry", "{{import.name}}", "=", SERVICE),
    ("export", "export -> exit", "{{export.name}}", "=", SERVICE),
    ("job", "job -> task", "{{job.parentJob._id}}{{record.job}}", "{{job.parentJob._id}}{{record.task}}", SERVICE),
    ("iClient", "iClient -> client", "{{iClient.x}}", "=", SERVICE),
    ("recordLookupError", "recordLookupError -> e", "{{recordLookupError}}", "=", SERVICE),
    ("testMode", "testMode -> t", "{{testMode}}", "=", SERVICE),
    ("templateVersion", "templateVersion -> t", "{{templateVersion}}", "=", SERVICE),
    ("exportStartTime", "exportStartTime -> t", "{{exportStartTime}}", "=", SERVICE),
    ("lastExportDateTime", "lastExportDateTime -> t", "{{lastExportDateTime}}", "=", SERVICE),
    ("a lookup of the same name as a field", "lookup.address -> find.address", "{{lookup.address}}", "=", SERVICE),
    ("settings of the flow", "flow.x -> flow.y", "{{settings.flow.x}}", "=", "-"),
    ("the blob is no field", "blob -> b", "{{blob}}", "=", SERVICE),
    ("in an element, job is a field", "lines.job -> lines.task", "{{#each record.lines}}{{job}}{{/each}}", "{{#each record.lines}}{{task}}{{/each}}", "-"),

    // Several at once
    ("a swap in one step", "a -> b; b -> a", "{{record.a}}{{a}}{{record.b}}", "{{record.b}}{{b}}{{record.a}}", "-"),
    ("a chain in one step", "a -> b; b -> c", "{{record.a}}{{record.b}}", "{{record.b}}{{record.c}}", "-"),
    ("a swap of texts", "a -> b; b -> a", "{{getValue \"record.a\"}}{{getValue \"record.b\"}}", "{{getValue \"record.b\"}}{{getValue \"record.a\"}}", "-"),
    ("the longer path decides", "a -> x; a.b -> a.c", "{{record.a.b}}{{record.a.d}}", "{{record.a.c}}{{record.x.d}}", "-"),
];

fn renames(text: &str) -> Vec<FieldRename> {
    text.split("; ")
        .map(|one| {
            let (from, to) = one.split_once(" -> ").unwrap();
            FieldRename { side: Side::Source, from: from.to_owned(), to: to.to_owned() }
        })
        .collect()
}

/// Whether each rename gives what its row says, and its reverse restores the original.
pub fn check(at: &str, document: impl Fn(&str) -> Value, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (why, rename, before, after, warning) in rows {
        let renames = renames(rename);
        let after = if *after == "=" { before } else { after };
        let (mut found, wanted) = (document(before), document(after));
        let said = rename_fields(&mut found, &renames);
        let mut problem = |what: &str| {
            let got = found.pointer(at);
            wrong.push(format!("{why}: {what}\n  {rename}\n  before {before}\n  wanted {after}\n  got    {got:?}\n  said   {said:?}"));
        };
        if found != wanted {
            problem("is not what is wanted");
        }
        match *warning {
            "-" if !said.is_empty() => problem("no warning is wanted"),
            "-" => {}
            part if !said.iter().any(|one| one.contains(part) && one.starts_with(at)) => {
                problem("the warning is missing");
            }
            _ => {}
        }
        let back: Vec<FieldRename> = renames
            .iter()
            .map(|r| FieldRename { side: r.side, from: r.to.clone(), to: r.from.clone() })
            .collect();
        rename_fields(&mut found, &back);
        if found != document(before) {
            wrong.push(format!("{why}: the reverse gives {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn names_in_templates_are_followed_by_the_rules_of_the_reference() {
    check("/traceKeyTemplate", |text| json!({ "traceKeyTemplate": text }), TEMPLATES);
}

#[rustfmt::skip]
const JSON_TEMPLATES: &[Row] = &[
    ("a bare name in an expression", "sku -> item", r#"["itemid","is","{{{sku}}}"]"#, r#"["itemid","is","{{{item}}}"]"#, "-"),
    ("a path in Mapper 1.0 spelling", "item.sku -> item.code", r#"["a","is","{{{item[*].sku}}}"]"#, r#"["a","is","{{{item[*].code}}}"]"#, "-"),
    ("a name of grouped rows", "SO no -> so", r#"["a","is","{{{*.[SO no]}}}"]"#, r#"["a","is","{{{*.so}}}"]"#, "-"),
    ("texts with escaped quotes", "at -> on", r#"["d","is","{{{dateFormat \"at\" at}}}"]"#, r#"["d","is","{{{dateFormat \"at\" on}}}"]"#, TEXT),
    ("names as texts with escaped quotes", "at -> on", r#"["d","is","{{{getValue \"record.at\"}}}"]"#, r#"["d","is","{{{getValue \"record.on\"}}}"]"#, "-"),
    ("words outside braces are the target's", "itemid -> id", r#"["itemid","is","{{{x}}}"]"#, "=", "-"),
    ("a name as a text with a quote breaks it, too", "sku -> [\"a\\\"b\"]", r#"["itemid","is","{{getValue 'record.sku'}}"]"#, "=", UNSAYABLE),
    ("so does a backslash", "sku -> [\"a\\\\b\"]", r#"["itemid","is","{{{sku}}}"]"#, "=", UNSAYABLE),
    ("a new name with a quote breaks the JSON", "sku -> [\"a\\\"b\"]", r#"["itemid","is","{{{sku}}}"]"#, "=", UNSAYABLE),
];

#[test]
fn names_in_expressions_are_followed() {
    let document = |text: &str| json!({ "netsuite_da": { "internalIdLookup": { "expression": text } } });
    check("/netsuite_da/internalIdLookup/expression", document, JSON_TEMPLATES);
}

#[rustfmt::skip]
const CLAUSES: &[Row] = &[
    ("the type of a value is no field", "string -> text", "(Email = '{{{string Email}}}')", "=", "-"),
    ("the value is one", "Email -> Mail", "(E = '{{{string Email}}}')", "(E = '{{{string Mail}}}')", "-"),
    ("a word outside the braces is the target's", "Email -> Mail", "(Email = '{{{string Email}}}')", "(Email = '{{{string Mail}}}')", "also stands outside the braces"),
    ("each entry of a list", "items.x -> items.y", "(E = {{{string items(*).x}}})", "(E = {{{string items(*).y}}})", "-"),
    ("a list whose entries are each meant", "items -> lines", "(E = {{{string items(*).x}}} AND F = {{{a.[b c](*)}}})", "(E = {{{string lines(*).x}}} AND F = {{{a.[b c](*)}}})", "-"),
    ("a list beside another field", "q -> r", "(E = {{{string items(*).x}}} AND F = {{{string q}}})", "(E = {{{string items(*).x}}} AND F = {{{string r}}})", "-"),
    ("a call in the path is none", "q -> r", "(E = {{{string items(q).x}}} AND F = {{{string q}}})", "=", UNREADABLE),
    ("a bare name", "Email -> Mail", "(E = '{{Email}}')", "(E = '{{Mail}}')", "-"),
];

#[test]
fn names_in_where_clauses_are_followed() {
    let document =
        |text: &str| json!({ "salesforce": { "lookups": [{ "name": "x", "whereClause": text }] } });
    check("/salesforce/lookups/0/whereClause", document, CLAUSES);
}

#[test]
fn there_are_rows_enough() {
    let rows = [TEMPLATES, JSON_TEMPLATES, CLAUSES].map(<[Row]>::len);
    assert!(rows.iter().sum::<usize>() >= 180, "{rows:?}");
}
