import base64
import json
import re
import struct
from html.parser import HTMLParser

import pytest

from nightjar import report
from nightjar.errors import InputError
from nightjar.report import definitions
from nightjar.report import tables as report_tables
from nightjar.report.tables import number

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1200, 600) + bytes(9)
VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """The page's text, attributes, and whether every tag is closed in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.attributes, self.ids, self.links = [], [], [], [], []
        self.feed(html)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.attributes += attrs
        self.ids += [value for key, value in attrs if key == "id"]
        self.links += [value for key, value in attrs if key == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data.strip())


@pytest.fixture
def folders(tmp_path):
    metrics, plots = tmp_path / "metrics", tmp_path / "plots"
    (plots / "probe_clip").mkdir(parents=True)
    metrics.mkdir()

    def write(stage, values):
        (metrics / f"{stage}.json").write_text(json.dumps(values))

    model = {"class3_macro_f1": 0.84217, "class3_macro_f1_std": 0.0123, "retrieval_auc": 0.9}
    other = {"class3_macro_f1": 0.7, "class3_macro_f1_std": 0.02}
    write("probe_clip", {"maven": model, "maven_lite": other})
    write(
        "gather_supernovae",
        {
            "sample": {"objects": 1234},
            "dropped": {"photometry_time_not_finite": 7},
            "not_in_folds": {},
        },
    )
    write("train_uncertainty_mc_dropout", {"mc_dropout": {"best_epoch": 4}})
    write("of_mine", {"speed": 3.0})
    (plots / "probe_clip" / "confusion.png").write_bytes(PNG)
    (plots / "gather_supernovae_light_curves.png").write_bytes(PNG)
    (plots / "stray.png").write_bytes(PNG)
    return metrics, plots


def test_the_page_needs_no_network(folders):
    html = report.build(*folders)
    page = Page(html)
    for key, value in page.attributes:
        if key in ("src", "href"):
            assert value.startswith(("data:image/png;base64,", "#"))
    assert "@import" not in html
    assert not re.search(r"url\(", html)
    assert "default-src 'none'" in html
    assert base64.b64encode(PNG).decode() in html


def test_the_same_files_give_the_same_bytes(folders):
    assert report.build(*folders) == report.build(*folders)


def test_contents_lead_to_every_stage_in_the_pipelines_order(folders):
    page = Page(report.build(*folders))
    assert [link.removeprefix("#") for link in page.links] == [
        "glance",
        "gather_supernovae",
        "probe_clip",
        "train_uncertainty_mc_dropout",
        "of_mine",
        "more",
    ]
    assert set(page.ids) == {link.removeprefix("#") for link in page.links}
    assert "Uncertainty: training, MC dropout" in page.text


def test_numbers_deviations_definitions_and_reasons_are_words(folders):
    text = Page(report.build(*folders)).text
    assert "0.842 ± 0.012" in text
    assert "3-way macro F1" in text
    assert any(line.startswith("Mean over classes of F1") for line in text)
    assert "1,234" in text
    assert "time not finite" in text
    assert "nothing" in text  # was left out of the folds


def test_figures_keep_their_shape_and_stand_with_their_stage(folders):
    html = report.build(*folders)
    assert 'width="800" height="400" alt="Observed supernovae: Light curves"' in html
    assert 'alt="Maven: class, redshift, retrieval: Confusion"' in html
    assert 'alt="More figures: Stray"' in html


def test_names_from_files_are_escaped(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"<script>alert(1)</script>": 1}))
    assert "<script>alert" not in report.build(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "names and numbers"),
        ('{"a": "b"}', "a: not a finite number"),
        ('{"a": {"b": [1]}}', "a.b: not a finite number"),
        ('{"a": NaN}', "a: not a finite number"),
        ('{"a": true}', "a: not a finite number"),
        ('{"a": {"b": {"c": 1}}}', "a.b: not a finite number"),
    ],
)
def test_a_metrics_file_that_is_none(tmp_path, content, message):
    (tmp_path / "stage.json").write_text(content)
    with pytest.raises(InputError, match=f"stage.json.*{message}"):
        report.build(tmp_path, tmp_path)


def test_a_figure_that_is_none(tmp_path):
    (tmp_path / "figure.png").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"figure\.png: not a PNG"):
        report.build(tmp_path, tmp_path)


def test_nothing_to_show(tmp_path):
    with pytest.raises(InputError, match="dvc repro"):
        report.build(tmp_path, tmp_path)


# --- tables -------------------------------------------------------------------------------------


def best(table):
    return {(row[0].text, place) for row in table.rows for place, c in enumerate(row) if c.best}


def test_the_best_model_of_each_column():
    # F1: higher is better; L1: lower; a count has no direction
    sections = {
        "a": {"macro_f1": 0.9, "redshift_l1": 0.2, "objects": 5},
        "b": {"macro_f1": 0.8, "redshift_l1": 0.1, "objects": 9},
    }
    (table,) = report_tables.tables(sections)
    assert [cell.key for cell in table.head[1:]] == ["macro_f1", "redshift_l1", "objects"]
    assert best(table) == {("A", 1), ("B", 2)}


def test_the_best_model_of_each_case():
    sections = {
        "alcock_20": {"astromer1_macro_f1": 0.5, "astromer2_macro_f1": 0.6},
        "alcock_100": {"astromer1_macro_f1": 0.8, "astromer2_macro_f1": 0.7},
    }
    (table,) = report_tables.tables(sections, models_in_keys=True)
    assert best(table) == {("Alcock, 20 per class", 2), ("Alcock, 100 per class", 1)}


def test_models_in_keys_get_a_table_per_measure():
    numbers = {"a_macro_f1": 0.5, "a_macro_f1_std": 0.1, "a_accuracy": 0.6, "b_macro_f1": 0.4}
    f1, accuracy = report_tables.tables({"x_20": numbers, "y_20": numbers}, models_in_keys=True)
    assert [cell.key for cell in f1.head[1:]] == ["a_macro_f1", "b_macro_f1"]
    assert f1.rows[0][1].text == "0.50 ± 0.10"
    assert [cell.key for cell in accuracy.head[1:]] == ["a_accuracy"]


def test_the_headline_of_a_network_is_per_star():
    kinds = ("", "_window", "_last_block", "_max")
    case = {f"nightjar{kind}_macro_f1": 0.5 for kind in kinds} | {"features_macro_f1": 0.6}
    stages = {"probe_astromer": {"asas_20": case, "asas_100": case}}
    (headline,) = report_tables.headlines(stages)
    assert [cell.key for cell in headline.head[1:]] == ["nightjar_macro_f1", "features_macro_f1"]


def test_differences_of_models_are_a_table_of_their_own():
    model = {"redshift_r2": 0.5, "redshift_r2_std": 0.1}
    gain = {"redshift_r2": 0.2, "redshift_r2_se": 0.05}
    stages = {"probe_clip": {"a": model, "b": model, "a_minus_b": gain, "a_minus_c": gain}}
    scores, differences = report_tables.tables(stages["probe_clip"])
    assert [row[0].text for row in scores.rows] == ["A", "B"]
    assert differences.caption == "Differences on the same folds"
    assert [cell.text for cell in differences.head[1:3]] == ["A minus b", "A minus c"]
    assert [cell.text for cell in differences.rows[0][:2]] == ["Redshift R²", "0.200 ± 0.050"]
    assert "standard error" in differences.notes[0][1]
    (headline,) = report_tables.headlines(stages)
    assert [row[0].text for row in headline.rows] == ["A", "B"]


def test_many_keys_become_rows():
    sections = {name: {f"key{k}": k for k in range(9)} for name in ("a", "b")}
    (table,) = report_tables.tables(sections)
    assert len(table.rows) == 9
    assert [cell.text for cell in table.head] == ["Measure", "A", "B", "Definition"]


def test_sections_without_common_keys_are_tables_of_their_own():
    made = report_tables.tables({"x": 1, "sample": {"objects": 1}, "classes": {"SN Ia": 2}})
    assert [table.caption for table in made] == ["", "Sample", "Classes"]


def test_a_score_that_a_model_lacks_is_a_dash():
    (table,) = report_tables.tables({"a": {"x": 1, "y": 2}, "b": {"x": 1}})
    assert table.rows[1][2].text == "–"


@pytest.mark.parametrize(
    ("value", "std", "text"),
    [
        (1234567, None, "1,234,567"),
        (0.123456, None, "0.1235"),
        (0.0, None, "0"),
        (1.5e-7, None, "1.500e−07"),
        (123456.7, None, "123,457"),
        (-2.5, None, "−2.5"),
        (-0.0142, 0.081, "−0.014 ± 0.081"),
        (0.5, 0.0, "0.5 ± 0"),
        (0.6771, 0.0008, "0.6771 ± 0.0008"),
        (0.00954, 0.00071, "0.0095 ± 0.0007"),
        (152.3, 21.4, "152 ± 21"),
    ],
)
def test_number(value, std, text):
    assert number(value, std) == text


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("class5_macro_f1", "5-way macro F1"),
        ("redshift_r2_below_015", "Redshift R², z < 0.15"),
        ("auroc_pv", "AUROC PV"),
        ("maven_lite", "Maven-lite"),
        ("maven_minus_maven_lite", "Maven minus Maven-lite"),
        ("maven_minus_baseline", "Maven minus baseline"),
        ("maven_joint", "Maven, light curve and spectrum"),
        ("maven_spectrum_minus_maven_lite_spectrum", "Maven, spectrum minus Maven-lite, spectrum"),
        ("maven_minus_magnitude_shortcut", "Maven minus peak magnitude against flux level"),
        ("SN Ib/c", "SN Ib/c"),
    ],
)
def test_label(key, words):
    assert definitions.label(key) == words


def test_the_longest_ending_defines():
    assert definitions.define("ece_scaled") != definitions.define("ece")
    assert definitions.define("retrieval_reverse_auc").direction == 1
    assert definitions.define("redshift_l1_below_015").text.endswith("objects with z < 0.15")
    alike = definitions.define("retrieval_auc_alike")
    assert alike != definitions.define("retrieval_auc")
    assert alike != definitions.define("retrieval_reverse_auc_alike")
    assert definitions.define("redshift_coverage_90") != definitions.define("coverage_90")
    assert definitions.define("redshift_conformal_width_68").text.startswith(
        "Mean width of the 68 %"
    )
    assert definitions.define("of_mine") is None
