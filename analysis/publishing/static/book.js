/* The book's page script: live charts when seen, copy buttons, sortable tables, small repairs. */
(function () {
  "use strict";

  const specs = {};
  const waiting = {};
  let engine = null;

  function loadScript(address) {
    return new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.appendChild(script);
    });
  }

  /* A figure's own script hands over its compiled charts here. */
  window.bookFigure = function (id, widths) {
    specs[id] = widths;
    if (waiting[id]) waiting[id]();
  };

  /* The live chart is drawn at the same two sizes as the static one, so nothing moves. */
  function drawWidth(box, spec) {
    const live = document.createElement("div");
    const dark = document.documentElement.dataset.theme === "dark";
    return window.vegaEmbed(live, spec, {
      mode: "vega",
      renderer: "svg",
      actions: false,
      ast: true,
      tooltip: { theme: dark ? "dark" : "light" },
    }).then(function (result) {
      const svg = live.querySelector("svg");
      svg.setAttribute("aria-hidden", "true");
      svg.removeAttribute("role");
      svg.removeAttribute("tabindex");
      svg.querySelectorAll("[aria-label],[role],[aria-roledescription]").forEach(function (node) {
        ["aria-label", "role", "aria-roledescription"].forEach(function (name) {
          node.removeAttribute(name);
        });
      });
      svg.removeAttribute("width");
      svg.removeAttribute("height");
      box.replaceChildren(live);
      return result.view;
    });
  }

  /* Sliders drive the parameters of both drawings; each says its value and unit aloud. */
  function wireControls(chart, views) {
    const box = chart.closest("[data-figure]").querySelector(".book-controls");
    if (!box) return;
    const inputs = Array.from(box.querySelectorAll("input[type=range]"));
    function follow(input) {
      const value = Number(input.value);
      const shown = String(Number(value.toPrecision(4)));
      box.querySelector('label[for="' + input.id + '"] output').textContent = shown;
      input.setAttribute("aria-valuetext", shown + " " + input.dataset.unit);
      views.forEach(function (view) {
        view.signal(input.name, value).runAsync();
      });
    }
    inputs.forEach(function (input) {
      input.addEventListener("input", function () {
        follow(input);
      });
    });
    const presets = Array.from(box.querySelectorAll(".book-preset"));
    const said = box.querySelector(".book-preset-says");
    function press(pressed) {
      presets.forEach(function (button) {
        button.setAttribute("aria-pressed", String(button === pressed));
      });
      if (said) said.textContent = pressed ? pressed.textContent + ": " + pressed.title + "." : "";
    }
    function setAll(values, pressed) {
      inputs.forEach(function (input) {
        input.value = input.name in values ? values[input.name] : input.defaultValue;
        follow(input);
      });
      press(pressed);
    }
    inputs.forEach(function (input) {
      input.addEventListener("input", function () {
        press(null);
      });
    });
    presets.forEach(function (button) {
      button.addEventListener("click", function () {
        setAll(JSON.parse(button.dataset.values), button);
      });
    });
    box.querySelector(".book-reset").addEventListener("click", function () {
      setAll({}, null);
    });
    box.disabled = false;
  }

  function enliven(chart) {
    const id = chart.closest("[data-figure]").dataset.figure;
    if (!engine) engine = loadScript(chart.dataset.engine);
    const ready = specs[id]
      ? Promise.resolve()
      : new Promise(function (done, failed) {
          waiting[id] = done;
          loadScript(chart.dataset.script).catch(failed);
        });
    return Promise.all([engine, ready])
      .then(function () {
        return Promise.all(
          ["wide", "narrow"].map(function (width) {
            return drawWidth(chart.querySelector(".book-chart__" + width), specs[id][width]);
          }),
        );
      })
      .then(function (views) {
        chart.dataset.live = "true";
        chart.bookViews = views;
        wireControls(chart, views);
      })
      .catch(function () {
        chart.dataset.live = "failed"; /* the static picture stays */
      });
  }

  function watchCharts() {
    const charts = document.querySelectorAll(".book-chart");
    if (!charts.length || !window.IntersectionObserver) return;
    const watcher = new IntersectionObserver(
      function (entries) {
        entries.forEach(function (entry) {
          if (!entry.isIntersecting) return;
          watcher.unobserve(entry.target);
          enliven(entry.target);
        });
      },
      { rootMargin: "200px" },
    );
    charts.forEach(function (chart) {
      watcher.observe(chart);
    });
  }

  function offerCopy() {
    if (!navigator.clipboard) return;
    document.querySelectorAll(".book-copy").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        const text = button.closest("details").querySelector(".book-cite__text").textContent;
        navigator.clipboard.writeText(text.trim()).then(function () {
          button.textContent = "Copied";
        });
      });
    });
  }

  function makeSortable(table) {
    table.querySelectorAll("thead th").forEach(function (header, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      header.replaceChildren(button);
      button.addEventListener("click", function () {
        const down = header.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th").forEach(function (other) {
          other.removeAttribute("aria-sort");
        });
        header.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = Array.from(body.rows);
        rows.sort(function (a, b) {
          const x = a.cells[column].textContent;
          const y = b.cells[column].textContent;
          const numeric = x !== "" && y !== "" && isFinite(x) && isFinite(y);
          const order = numeric ? Number(x) - Number(y) : x.localeCompare(y);
          return down ? -order : order;
        });
        body.replaceChildren.apply(body, rows);
      });
    });
  }

  /* The theme names some buttons otherwise than their visible text reads. */
  function repairNames() {
    document.querySelectorAll("button[aria-label], a[aria-label]").forEach(function (control) {
      const text = control.innerText.trim().replace(/\s+/g, " ");
      const label = control.getAttribute("aria-label");
      if (text && !label.toLowerCase().includes(text.toLowerCase())) {
        control.setAttribute("aria-label", text + ", " + label);
      }
    });
  }

  /* Search results quote the page's text; a chart's labels are not its text. */
  function repairSearch() {
    if (!window.Search || !window.Search.htmlToText) return;
    const original = window.Search.htmlToText;
    window.Search.htmlToText = function (html, anchor) {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(".book-chart, .book-math, .book-math-block").forEach(function (node) {
        node.remove();
      });
      return original(page.documentElement.outerHTML, anchor);
    };
  }

  function start() {
    watchCharts();
    offerCopy();
    document.querySelectorAll("table.book-sortable").forEach(makeSortable);
    repairNames();
    repairSearch();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
